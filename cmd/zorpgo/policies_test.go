package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"zorpgo/engine/encryption/certtest"
)

const policies = "../../policies"

// samples lists the files of every sample policy, in the order in which they are read: zones first.
func samples(t *testing.T) map[string][]string {
	t.Helper()
	entries, err := os.ReadDir(policies)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string][]string{}
	for _, e := range entries {
		if !e.IsDir() {
			continue // the reference
		}
		files, err := filepath.Glob(filepath.Join(policies, e.Name(), "*.star"))
		if err != nil || len(files) == 0 {
			t.Fatalf("%s has no policy: %v", e.Name(), err)
		}
		slices.SortFunc(files, func(a, b string) int {
			if zones := "zones.star"; filepath.Base(a) == zones {
				return -1
			} else if filepath.Base(b) == zones {
				return 1
			}
			return strings.Compare(a, b)
		})
		found[e.Name()] = certified(t, files)
	}
	return found
}

// certified is the files of a sample, in a directory with certificates if they name some.
func certified(t *testing.T, files []string) []string {
	t.Helper()
	texts := map[string][]byte{}
	names := false
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		texts[file], names = text, names || strings.Contains(string(text), ".pem")
	}
	if !names {
		return files
	}
	dir, moved := t.TempDir(), make([]string, len(files))
	if err := certtest.WriteTo(dir); err != nil {
		t.Fatal(err)
	}
	for i, file := range files {
		moved[i] = filepath.Join(dir, filepath.Base(file))
		if err := os.WriteFile(moved[i], texts[file], 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return moved
}

// sampleInstances are the instances of samples that have several; the others are run without --instance.
var sampleInstances = map[string][]string{"two-instances": {"smtp_in", "smtp_out"}}

// sampleRefuses is what clients of a sample are told that refuses some of those that a rehearsal plays.
var sampleRefuses = map[string][]string{
	"deny-with-reason": {"the client was told 554 Dial-up addresses send through their provider"},
}

// sampleOfAnother are samples that no mail passes, and why a rehearsal says that it cannot play them.
var sampleOfAnother = map[string]string{
	"plug-imap":         "leads to class ImapProxy, which passes on any protocol: a rehearsal speaks SMTP only",
	"starttls-verified": "leads to a service whose server must be encrypted: a rehearsal is in clear",
	"submission":        "leads to a service whose clients must be encrypted: a rehearsal is in clear",
}

// eachSample runs a command on every sample and instance.
func eachSample(t *testing.T, command []string, do func(t *testing.T, name string, status int, out, errs string)) {
	for name, files := range samples(t) {
		instances := sampleInstances[name]
		if instances == nil {
			instances = []string{""}
		}
		for _, instance := range instances {
			t.Run(name+"/"+instance, func(t *testing.T) {
				args := append(slices.Clone(command), files...)
				if instance != "" {
					args = append(args, "--instance", instance)
				}
				var out, errs strings.Builder
				status := execute(args, &out, &errs)
				do(t, name, status, out.String(), errs.String())
			})
		}
	}
}

func TestSamplesAreGood(t *testing.T) {
	eachSample(t, []string{"check"}, func(t *testing.T, _ string, status int, out, errs string) {
		if status != 0 {
			t.Errorf("exit status %d\n%s%s", status, out, errs)
		}
	})
}

func TestSamplesDeliver(t *testing.T) {
	eachSample(t, []string{"rehearse", "--to", "bob@example.com"}, func(t *testing.T, name string, status int, out, errs string) {
		if why := sampleOfAnother[name]; why != "" {
			if status == 0 || !strings.Contains(errs, why) {
				t.Errorf("exit status %d\n%s%s", status, out, errs)
			}
			return
		}
		refuses := sampleRefuses[name]
		if (status == 0) != (refuses == nil) {
			t.Fatalf("exit status %d\n%s%s", status, out, errs)
		}
		for _, want := range append(slices.Clone(refuses), "Subject: a rehearsal") {
			if !strings.Contains(out+errs, want) {
				t.Errorf("nothing says %q:\n%s%s", want, out, errs)
			}
		}
	})
}

// TestPublishedPolicy keeps the sample as it was published: it is the promise of this program.
func TestPublishedPolicy(t *testing.T) {
	const published = `from Zorp.Smtp import *

def default_instance():
    Service(name="service_smtp_transparent_directed", # <3>
            proxy_class=SmtpProxy,
            router=DirectedRouter(dest_addr=SockAddrInet('172.16.20.254', 25)) # <2>
    )
    Rule(service='service_smtp_transparent_directed', # <1>
         dst_port=25,
         src_zone=('dmz', ),
         dst_subnet=('172.16.40.1', )
    )
`
	got, err := os.ReadFile(filepath.Join(policies, "reverse-proxy", "mail.star"))
	if err != nil || string(got) != published {
		t.Errorf("mail.star is not the published policy: %v", err)
	}
}
