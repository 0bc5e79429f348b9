package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
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
		found[e.Name()] = files
	}
	return found
}

func TestSamplesAreGood(t *testing.T) {
	for name, files := range samples(t) {
		t.Run(name, func(t *testing.T) {
			var out, errs strings.Builder
			if got := execute(append([]string{"check"}, files...), &out, &errs); got != 0 {
				t.Errorf("exit status %d\n%s%s", got, &out, &errs)
			}
		})
	}
}

func TestSamplesDeliver(t *testing.T) {
	for name, files := range samples(t) {
		t.Run(name, func(t *testing.T) {
			var out, errs strings.Builder
			if got := execute(append([]string{"rehearse", "--to", "bob@example.com"}, files...), &out, &errs); got != 0 {
				t.Fatalf("exit status %d\n%s%s", got, &out, &errs)
			}
			if want := "Subject: a rehearsal"; !strings.Contains(out.String(), want) {
				t.Errorf("no message was stored:\n%s", &out)
			}
		})
	}
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
