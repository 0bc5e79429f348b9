// Package faults is tests of a running zorpgo to which something happens: descriptors, disk or ports run out, servers
// misbehave, policies are replaced under load, processes take turns, sessions stay for long.
//
// Throughout, whoever is confirmed a message must find it at the origin, other sessions must not notice, and goroutines,
// descriptors and memory must come back to where they were. Nobody imports it; it knows zorpgo from outside.
package faults
