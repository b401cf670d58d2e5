using Microsoft.AspNetCore.Http;

namespace ConcertDapr.Tests;

/// <summary>Headers of invocations, line by line.</summary>
public sealed class HeaderTests
{
    [Fact]
    public async Task Repeated_headers_stay_lines_of_their_own()
    {
        await using var pair = await SidecarPair.StartAsync();
        var seen = await pair.LinesAsync("GET /v1.0/invoke/callee/method/look", "X-Twice: one", "X-Twice: two", "Cookie: a=1");
        seen["X-Twice"].ShouldBe(["one", "two"]);
        seen["Cookie"].ShouldBe(["a=1"]);
    }

    [Fact]
    public async Task The_hop_adds_its_lines_below_those_of_the_caller()
    {
        await using var pair = await SidecarPair.StartAsync();
        var seen = await pair.LinesAsync("GET /v1.0/invoke/callee/method/look",
            "X-Forwarded-For: 192.0.2.7", "Forwarded: for=192.0.2.7", "dapr-caller-app-id: pretender");
        seen["X-Forwarded-For"].ShouldBe(["192.0.2.7", "127.0.0.1"]);
        seen["Forwarded"][0].ShouldBe("for=192.0.2.7");
        seen["Forwarded"][1].ShouldStartWith("for=127.0.0.1;by=127.0.0.1;host=");
        seen["dapr-caller-app-id"].ShouldBe(["pretender", "caller"]);
        seen["dapr-callee-app-id"].ShouldBe(["callee"]);
        seen["X-Forwarded-Host"].Count.ShouldBe(1);
    }

    [Fact]
    public async Task A_call_of_the_own_app_is_no_hop()
    {
        await using var pair = await SidecarPair.StartAsync();
        var seen = await pair.LinesAsync("GET /v1.0/invoke/callee/method/look", pair.Callee.HttpPort, "X-Forwarded-For: 192.0.2.7");
        seen["X-Forwarded-For"].ShouldBe(["192.0.2.7"]);
        seen.Keys.ShouldNotContain("dapr-caller-app-id");
    }

    [Fact]
    public async Task Every_attempt_of_a_policy_adds_its_lines()
    {
        const string policy = """
            ---
            apiVersion: dapr.io/v1alpha1
            kind: Resiliency
            metadata: {name: again}
            spec:
              policies: {retries: {again: {duration: 10ms, maxRetries: 2}}}
              targets: {apps: {callee: {retry: again}}}
            """;
        var attempts = new List<string[]>();
        await using var pair = await SidecarPair.StartAsync(policy);
        pair.App.On("GET /fails", (context, _) =>
        {
            attempts.Add([.. context.Request.Headers["X-Forwarded-For"]!]);
            context.Response.StatusCode = 503;
            return Task.CompletedTask;
        });
        await pair.Caller.Http.GetAsync("/v1.0/invoke/callee/method/fails");
        attempts.Select(lines => lines.Length).ShouldBe([1, 2, 3]);
    }

    [Theory]
    [InlineData("Connection: X-Mine, keep-alive")]
    [InlineData("Connection: keep-alive, X-Mine")]
    [InlineData("Connection: X-Mine")]
    public async Task Headers_that_Connection_names_end_at_the_sidecar(string connection)
    {
        await using var pair = await SidecarPair.StartAsync();
        var seen = await pair.LinesAsync("GET /v1.0/invoke/callee/method/look", connection, "X-Mine: 1", "TE: trailers", "Proxy-Authorization: p", "X-Kept: 2");
        seen.Keys.ShouldNotContain("X-Mine");
        seen.Keys.ShouldNotContain("TE");
        seen.Keys.ShouldNotContain("Proxy-Authorization");
        seen["X-Kept"].ShouldBe(["2"]);
    }

    [Fact]
    public async Task Names_in_an_answer_are_capitalised_and_its_body_is_not_touched()
    {
        const string body = "HTTP/1.1 200 OK\r\ntraceparent: in a body\r\n\r\n";
        await using var pair = await SidecarPair.StartAsync();
        pair.App.On("GET /http", async (context, _) =>
        {
            context.Response.StatusCode = 200;
            context.Response.Headers["x-of-THE-app"] = "Value";
            await context.Response.WriteAsync(body);
        });
        var answer = await RawHttp.SendAsync(pair.Caller.HttpPort, "GET /v1.0/invoke/callee/method/http", "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "tracestate: a=b");
        answer.ShouldContain("\r\nTraceparent: 00-0af7651916cd43dd8448eb211c80319c-");
        answer.ShouldContain("\r\nTracestate: a=b\r\n");
        answer.ShouldContain("\r\nX-Of-The-App: Value\r\n");
        answer.ShouldContain("\r\ntraceparent: in a body\r\n");
    }

    private sealed record SidecarPair(TestApp App, TestSidecar Callee, TestSidecar Caller, List<IHeaderDictionary> Seen) : IAsyncDisposable
    {
        public static async Task<SidecarPair> StartAsync(string callerResources = "")
        {
            var seen = new List<IHeaderDictionary>();
            var registry = Directory.CreateTempSubdirectory("sidecar-registry-").FullName;
            var app = (await TestApp.StartAsync()).On("GET /look", (context, _) =>
            {
                seen.Add(new HeaderDictionary(context.Request.Headers.ToDictionary(StringComparer.OrdinalIgnoreCase)));
                context.Response.StatusCode = 200;
                return Task.CompletedTask;
            });
            return new SidecarPair(app, await TestSidecar.StartAsync("callee", app, registry: registry),
                await TestSidecar.StartAsync("caller", resources: callerResources, registry: registry), seen);
        }

        public Task<IDictionary<string, IReadOnlyList<string?>>> LinesAsync(string line, params string[] headers) => LinesAsync(line, Caller.HttpPort, headers);

        public async Task<IDictionary<string, IReadOnlyList<string?>>> LinesAsync(string line, int port, params string[] headers)
        {
            (await RawHttp.SendAsync(port, line, headers)).ShouldStartWith("HTTP/1.1 200");
            return Seen[^1].ToDictionary(header => header.Key, header => (IReadOnlyList<string?>)[.. header.Value], StringComparer.OrdinalIgnoreCase);
        }

        public async ValueTask DisposeAsync()
        {
            await Caller.DisposeAsync();
            await Callee.DisposeAsync();
            await App.DisposeAsync();
        }
    }
}
