// Three tests of a terminal in Go. `terminal` is the terminal under test: put yours in its place.
package terminal

import (
	"encoding/json"
	"io"
	"net/http"
	"os/exec"
	"strings"
	"testing"
)

var host struct{ Listen, HTTP string } // what the host says when it is ready: two addresses

func TestMain(m *testing.M) {
	serve := exec.Command("acquirer", "serve", "--listen", "127.0.0.1:0", "--http", "127.0.0.1:0", "--store", "memory:",
		"--log", "off", "--json", "--exit-with-parent") // so it ends with this process
	stdout, _ := serve.StdoutPipe()
	if serve.Start() != nil || json.NewDecoder(stdout).Decode(&host) != nil {
		panic("acquirer serve did not start")
	}
	m.Run()
}

func terminal(t *testing.T, tid string, code int, words ...string) {
	words = append(words, "--host", host.Listen, "--tid", tid, "--state", t.TempDir())
	command := exec.Command("acquirer", append([]string{"terminal"}, words...)...)
	if out, _ := command.CombinedOutput(); command.ProcessState.ExitCode() != code {
		t.Fatalf("ended with %d, not %d: %s", command.ProcessState.ExitCode(), code, out)
	}
}

func post(t *testing.T, path, body string) {
	reply, err := http.Post(host.HTTP+path, "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer reply.Body.Close()
	if text, _ := io.ReadAll(reply.Body); reply.StatusCode >= 400 { // 409 of /journal/verify: what came nearest
		t.Fatalf("%s: %s", path, text)
	}
}

func TestSignsOn(t *testing.T) {
	terminal(t, "20000001", 0, "sign-on")
	post(t, "/journal/verify", `{"when": {"service": "sign_on", "tid": "20000001", "code": "00"}, "count": 1}`)
}

func TestADeclinedSale(t *testing.T) {
	post(t, "/rules", `{"name": "poor", "when": {"service": "sale", "tid": "20000002"}, "then": {"code": "51"}}`)
	terminal(t, "20000002", 0, "sale", "--amount", "12.34", "--expect", "39=51")
	post(t, "/journal/verify", `{"when": {"service": "sale", "tid": "20000002", "code": "51"}, "count": 1}`)
}

func TestReversesAfterSilence(t *testing.T) {
	post(t, "/faults", `{"kind": "silent", "service": "sale", "tid": "20000003"}`)
	terminal(t, "20000003", 4, "sale", "--amount", "12.34", "--timeout", "1") // 4: no reply in time
	post(t, "/journal/verify", `{"when": {"service": "reversal", "tid": "20000003", "code": "00"}, "count": 1}`)
}
