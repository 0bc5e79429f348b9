package page

import (
	"bufio"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// browser is a Chromium that is spoken to over a pipe, with one tab.
type browser struct {
	t       *testing.T
	in      *os.File
	out     *bufio.Reader
	session string
	last    int
	told    []message // events
}

// message is what the DevTools protocol sends.
type message struct {
	ID     int             `json:"id"`
	Method string          `json:"method"`
	Params json.RawMessage `json:"params"`
	Result json.RawMessage `json:"result"`
	Error  json.RawMessage `json:"error"`
}

// patience is how long a browser may take for all of a test.
const patience = 2 * time.Minute

// open starts a browser, or skips the test where there is none.
func open(t *testing.T) *browser {
	t.Helper()
	program, err := exec.LookPath("chromium")
	if err != nil {
		if os.Getenv("ZORPGO_REQUIRE_LAB") != "" {
			t.Fatal("there is no chromium")
		}
		t.Skip("SKIPPED: there is no chromium (make deps installs it): nobody looked at the admin page")
	}
	profile, err := os.MkdirTemp("", "zorpgo-page")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	cmd := exec.CommandContext(ctx, program, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
		"--disable-background-networking", "--disable-component-update", "--user-data-dir="+profile, "--remote-debugging-pipe", "about:blank")
	theirIn, in, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	out, theirOut, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.ExtraFiles = []*os.File{theirIn, theirOut}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	theirIn.Close()
	theirOut.Close()
	b := &browser{t: t, in: in, out: bufio.NewReader(out)}
	t.Cleanup(func() {
		_, _ = in.WriteString(`{"id":0,"method":"Browser.close"}` + "\x00")
		_ = cmd.Wait()
		cancel()
		in.Close()
		out.Close()
		_ = os.RemoveAll(profile)
	})
	b.tab()
	return b
}

func (b *browser) tab() {
	b.t.Helper()
	var target, session struct{ TargetID, SessionID string }
	b.call("Target.createTarget", map[string]any{"url": "about:blank"}, &target)
	b.call("Target.attachToTarget", map[string]any{"targetId": target.TargetID, "flatten": true}, &session)
	b.session = session.SessionID
	for _, part := range []string{"Page", "Runtime", "Log"} {
		b.call(part+".enable", nil, nil)
	}
}

// call sends a command and waits for what it answers.
func (b *browser) call(method string, params map[string]any, to any) {
	b.t.Helper()
	b.last++
	m := map[string]any{"id": b.last, "method": method, "params": params}
	if params == nil {
		delete(m, "params")
	}
	if b.session != "" {
		m["sessionId"] = b.session
	}
	text, _ := json.Marshal(m)
	if _, err := b.in.Write(append(text, 0)); err != nil {
		b.t.Fatalf("%s: %v", method, err)
	}
	for {
		got := b.read()
		if got.ID != b.last {
			continue
		}
		if got.Error != nil {
			b.t.Fatalf("%s: %s", method, got.Error)
		}
		if to != nil {
			if err := json.Unmarshal(got.Result, to); err != nil {
				b.t.Fatal(err)
			}
		}
		return
	}
}

func (b *browser) read() (m message) {
	b.t.Helper()
	text, err := b.out.ReadBytes(0)
	if err == nil {
		err = json.Unmarshal(text[:len(text)-1], &m)
	}
	if err != nil {
		b.t.Fatalf("chromium: %v", err)
	}
	if m.Method != "" {
		b.told = append(b.told, m)
	}
	return m
}

// visit goes to a page and waits until all of it is there.
func (b *browser) visit(url string) {
	b.t.Helper()
	b.told = nil
	b.call("Page.navigate", map[string]any{"url": url}, nil)
	for !b.heard("Page.loadEventFired") {
		b.read()
	}
}

func (b *browser) heard(method string) bool {
	for _, m := range b.told {
		if m.Method == method {
			return true
		}
	}
	return false
}

// complaints are errors on the console, violations of the page's policy among them.
func (b *browser) complaints() (list []string) {
	for _, m := range b.told {
		text := string(m.Params)
		switch {
		case m.Method == "Runtime.exceptionThrown", m.Method == "Log.entryAdded" && !strings.Contains(text, `"level":"verbose"`), m.Method == "Runtime.consoleAPICalled" && strings.Contains(text, `"error"`):
			list = append(list, text)
		}
	}
	return list
}

// run is what an expression in the page is, as JSON.
func (b *browser) run(expression string, to any) {
	b.t.Helper()
	var got struct {
		Result           struct{ Value json.RawMessage }
		ExceptionDetails json.RawMessage
	}
	b.call("Runtime.evaluate", map[string]any{"expression": expression, "returnByValue": true, "awaitPromise": true}, &got)
	if got.ExceptionDetails != nil {
		b.t.Fatalf("%s: %s", expression, got.ExceptionDetails)
	}
	if to == nil {
		return
	}
	if err := json.Unmarshal(got.Result.Value, to); err != nil {
		b.t.Fatalf("%s: %v", expression, err)
	}
}

// screen is as wide as width, in light or dark.
func (b *browser) screen(width int, scheme string) {
	b.t.Helper()
	b.call("Emulation.setDeviceMetricsOverride", map[string]any{"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width < 500}, nil)
	b.call("Emulation.setEmulatedMedia", map[string]any{"features": []map[string]string{{"name": "prefers-color-scheme", "value": scheme}}}, nil)
}

// press has the keyboard send one key.
func (b *browser) press(key string) {
	b.t.Helper()
	for _, kind := range []string{"keyDown", "keyUp"} {
		b.call("Input.dispatchKeyEvent", map[string]any{"type": kind, "key": key, "code": key, "windowsVirtualKeyCode": 9}, nil)
	}
}
