# `make demo` shows zorpgo at work, `make test` proves it; both as root or not, from a fresh clone.
GO ?= go
DEMO = policies/reverse-proxy
FUZZTIME ?= 10s
BENCH ?=

PREFIX ?= /usr/local
UNITDIR ?= $(PREFIX)/lib/systemd/system
BINARY ?= bin/zorpgo

.PHONY: bench install build demo test profile update deps fuzz cover clean

build:
	CGO_ENABLED=0 $(GO) build -trimpath -o bin/zorpgo ./cmd/zorpgo

# zorpgo, its units, manual pages and the sample policies below PREFIX, of the file system at DESTDIR.
install: $(if $(filter bin/zorpgo,$(BINARY)),build)
	install -D -m 0755 $(BINARY) $(DESTDIR)$(PREFIX)/bin/zorpgo
	install -d $(DESTDIR)$(UNITDIR) $(DESTDIR)$(PREFIX)/share/zorpgo
	for unit in zorpgo@.service zorpgo@.socket; do \
		sed 's|/usr/local|$(PREFIX)|' cmd/zorpgo/systemd/$$unit > $(DESTDIR)$(UNITDIR)/$$unit || exit 1; done
	cp -R policies $(DESTDIR)$(PREFIX)/share/zorpgo/
	$(BINARY) man $(DESTDIR)$(PREFIX)/share/man/man8
	find $(DESTDIR)$(PREFIX)/share/zorpgo -type d -exec chmod 0755 {} +
	find $(DESTDIR)$(PREFIX)/share/zorpgo -type f -exec chmod 0644 {} +

# One message through the published policy, on loopback: both dialogs, and the message as the origin stored it.
demo: build
	bin/zorpgo rehearse --send $(DEMO)/zones.star $(DEMO)/mail.star

# Formatting, vet, staticcheck, then every test under the race detector; ends with what was skipped and why.
test: deps
	.ci/test

# zorpgo beside a plain byte copier and the peers that are installed; BENCH="--rounds 3 --workloads W1,W3" is passed on.
bench: build
	$(GO) build -trimpath -o bin/bench ./cmd/zorpgo/bench
	bin/bench $(BENCH)

# What build optimises for (PGO): to be made anew when much has changed on the way of a message.
PROFILED = W1,W1p,W2,W2p,W3,W6,W6i,W6b,W7i
profile: build
	$(GO) build -trimpath -o bin/bench ./cmd/zorpgo/bench
	cp bin/zorpgo /tmp/zorpgo-profiled # a profile names its program: not by where this checkout is
	bin/bench --rounds 1 --duration 5s --peers none --workloads $(PROFILED) --zorpgo /tmp/zorpgo-profiled --profiles bin/profiles
	$(GO) tool pprof -proto -output cmd/zorpgo/default.pgo bin/profiles/*.pprof
	rm -r /tmp/zorpgo-profiled bin/profiles

# Writes what is generated: what check says of the catalogue's examples, then policies/REFERENCE.md.
update:
	$(GO) test ./builtins/catalogue -update
	$(GO) test ./builtins/reference -update

# What the tests need from Debian: installed if root, named if not.
deps:
	.ci/deps

# Each fuzz target for FUZZTIME.
fuzz:
	.ci/fuzz $(FUZZTIME)

cover:
	$(GO) test -coverpkg=./... -coverprofile=bin/cover.out ./...
	$(GO) tool cover -func=bin/cover.out

clean:
	rm -rf bin
