// Three tests of a terminal in Java: `mvn test`. `terminal` is the terminal under test: put yours in its place.
import static java.net.http.HttpRequest.BodyPublishers.ofString;
import static org.junit.jupiter.api.Assertions.*;

import java.net.URI;
import java.net.http.*;
import java.nio.file.Path;
import java.util.*;
import org.junit.jupiter.api.*;
import org.junit.jupiter.api.io.TempDir;

class TerminalTest {
  static Process serve;
  static String address, url; // what the host says when it is ready

  @BeforeAll static void start() throws Exception {
    serve = new ProcessBuilder("acquirer", "serve", "--listen", "127.0.0.1:0", "--http", "127.0.0.1:0", "--store",
        "memory:", "--log", "off", "--exit-with-parent").redirectError(ProcessBuilder.Redirect.INHERIT).start();
    String ready = serve.inputReader().readLine(); // ready: listening on 127.0.0.1:8583 (…); …; HTTP at http://…
    address = ready.split(" ")[3];
    url = ready.substring(ready.indexOf("HTTP at ") + 8);
  }

  @AfterAll static void end() { serve.destroy(); }

  void terminal(int code, Path state, String... words) throws Exception {
    var command = new ArrayList<>(List.of("acquirer", "terminal"));
    command.addAll(List.of(words));
    command.addAll(List.of("--host", address, "--state", state.toString()));
    var process = new ProcessBuilder(command).redirectErrorStream(true).start();
    assertEquals(code, process.waitFor(), new String(process.getInputStream().readAllBytes()));
  }

  void post(String path, String json) throws Exception {
    var request = HttpRequest.newBuilder(URI.create(url + path)).header("Content-Type", "application/json");
    var reply = HttpClient.newHttpClient().send(request.POST(ofString(json)).build(), HttpResponse.BodyHandlers.ofString());
    assertTrue(reply.statusCode() < 400, reply.body()); // 409 of /journal/verify: what came nearest
  }

  @Test void signsOn(@TempDir Path state) throws Exception {
    terminal(0, state, "sign-on", "--tid", "20000001");
    post("/journal/verify", "{\"when\": \"service=sign_on & tid=20000001 & code=00\", \"count\": 1}");
  }

  @Test void aDeclinedSale(@TempDir Path state) throws Exception {
    post("/rules", "{\"name\": \"poor\", \"when\": \"service=sale & tid=20000002\", \"then\": {\"code\": \"51\"}}");
    terminal(0, state, "sale", "--tid", "20000002", "--amount", "12.34", "--expect", "39=51");
    post("/journal/verify", "{\"when\": \"service=sale & tid=20000002 & code=51\", \"count\": 1}");
  }

  @Test void reversesAfterSilence(@TempDir Path state) throws Exception {
    post("/faults", "{\"kind\": \"silent\", \"service\": \"sale\", \"tid\": \"20000003\"}");
    terminal(4, state, "sale", "--tid", "20000003", "--amount", "12.34", "--timeout", "1"); // 4: no reply in time
    post("/journal/verify", "{\"when\": \"service=reversal & tid=20000003 & code=00\", \"count\": 1}");
  }
}
