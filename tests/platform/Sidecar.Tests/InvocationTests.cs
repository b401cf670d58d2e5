using System.Diagnostics;
using System.Net;
using Microsoft.AspNetCore.Http;

namespace ConcertDapr.Tests;

public sealed class InvocationTests
{
    private const string Twice = """
        ---
        apiVersion: dapr.io/v1alpha1
        kind: Resiliency
        metadata: {name: r}
        spec:
          policies: {retries: {twice: {duration: 10ms, maxRetries: 1, matching: {httpStatusCodes: "500-599"}}}}
          targets: {apps: {callee: {retry: twice}}}
        """;

    [Fact]
    public async Task A_call_reaches_the_other_app_with_its_path_query_body_and_headers()
    {
        await using var pair = await Pair.StartAsync();
        pair.App.On("PUT /orders/a b", 201, "done");
        using var request = new HttpRequestMessage(HttpMethod.Put, "/v1.0/invoke/callee/method/orders/a%20b?x=1&y=%2F") { Content = new StringContent("hello") };
        request.Headers.Add("X-Custom", "1");
        request.Headers.Add("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
        var answer = await pair.Caller.Http.SendAsync(request);
        answer.StatusCode.ShouldBe(HttpStatusCode.Created);
        (await answer.Content.ReadAsStringAsync()).ShouldBe("done");
        var seen = pair.App.Seen[^1];
        seen.Path.ShouldBe("/orders/a b?x=1&y=%2F");
        seen.Body.ShouldBe("hello");
        seen.Headers["X-Custom"].ShouldBe("1");
        seen.Headers["dapr-caller-app-id"].ShouldBe("caller");
        seen.Headers["traceparent"].ShouldStartWith("00-0af7651916cd43dd8448eb211c80319c-");
    }

    [Fact]
    public async Task An_answer_is_streamed_piece_by_piece()
    {
        var go = new TaskCompletionSource();
        await using var pair = await Pair.StartAsync();
        pair.App.On("GET /stream", async (context, _) =>
        {
            context.Response.StatusCode = 200;
            await context.Response.WriteAsync("one");
            await context.Response.Body.FlushAsync();
            await go.Task;
            await context.Response.WriteAsync("two");
        });
        using var answer = await pair.Caller.Http.GetAsync("/v1.0/invoke/callee/method/stream", HttpCompletionOption.ResponseHeadersRead);
        var stream = await answer.Content.ReadAsStreamAsync();
        var buffer = new byte[16];
        (await stream.ReadAsync(buffer).AsTask().WaitAsync(TimeSpan.FromSeconds(30))).ShouldBe(3);
        go.SetResult();
        (await new StreamReader(stream).ReadToEndAsync()).ShouldBe("two");
    }

    [Theory]
    [InlineData("/v1.0/invoke/callee/method/a%3Fb")]
    [InlineData("/v1.0/invoke/callee/method/a%23b")]
    [InlineData("/v1.0/invoke/callee/method/a%25b")]
    [InlineData("/v1.0/invoke/nobody/method/x")]
    public async Task What_cannot_be_called_is_refused(string path)
    {
        await using var pair = await Pair.StartAsync();
        var answer = await pair.Caller.Http.GetAsync(path);
        answer.StatusCode.ShouldBe(HttpStatusCode.InternalServerError);
        (await answer.Content.ReadAsStringAsync()).ShouldContain("ERR_DIRECT_INVOKE");
        pair.App.Seen.ShouldAllBe(request => request.Path.StartsWith("/dapr/"));
    }

    [Fact]
    public async Task Dots_do_not_lead_out_of_the_apps_paths()
    {
        await using var pair = await Pair.StartAsync();
        pair.App.On("GET /secret", 200, "root");
        var asWritten = new Uri($"http://127.0.0.1:{pair.Caller.HttpPort}/v1.0/invoke/callee/method/a/%2E%2E/%2E%2E/%2E%2E/secret",
            new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true });
        (await pair.Caller.Http.GetStringAsync(asWritten)).ShouldBe("root");
    }

    [Fact]
    public async Task A_policy_repeats_a_post_with_its_body_and_gives_up_with_the_apps_own_answer()
    {
        await using var pair = await Pair.StartAsync(Twice);
        pair.App.On("POST /fails", 503, "not now").On("POST /bad", 400);
        var answer = await pair.Caller.PostAsync("/v1.0/invoke/callee/method/fails", "body");
        answer.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
        (await answer.Content.ReadAsStringAsync()).ShouldBe("not now");
        pair.App.Seen.Where(request => request.Path == "/fails").Select(request => request.Body).ShouldBe(["body", "body"]);
        await pair.Caller.PostAsync("/v1.0/invoke/callee/method/bad", "body");
        pair.App.Seen.Count(request => request.Path == "/bad").ShouldBe(1);
    }

    [Fact]
    public async Task A_policy_does_not_repeat_a_body_of_unknown_length()
    {
        await using var pair = await Pair.StartAsync(Twice);
        pair.App.On("POST /fails", 503, "not now");
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1.0/invoke/callee/method/fails") { Content = new StringContent("body") };
        request.Headers.TransferEncodingChunked = true;
        var answer = await pair.Caller.Http.SendAsync(request);
        ((int)answer.StatusCode, await answer.Content.ReadAsStringAsync()).ShouldBe((503, "not now"));
        pair.App.Seen.Where(seen => seen.Path == "/fails").Select(seen => seen.Body).ShouldBe(["body"]);
    }

    [Fact]
    public async Task A_circuit_breaker_opens_for_one_path_and_not_for_others()
    {
        const string policy = """
            ---
            apiVersion: dapr.io/v1alpha1
            kind: Resiliency
            metadata: {name: r}
            spec:
              policies: {circuitBreakers: {cb: {timeout: 60s, trip: consecutiveFailures >= 2}}}
              targets: {apps: {callee: {circuitBreaker: cb}}}
            """;
        await using var pair = await Pair.StartAsync(policy);
        pair.App.On("GET /fails", 500).On("GET /fine", 200);
        for (var i = 0; i < 3; i++) await pair.Caller.Http.GetAsync("/v1.0/invoke/callee/method/fails");
        pair.App.Seen.Count(request => request.Path == "/fails").ShouldBe(2);
        (await pair.Caller.Http.GetAsync("/v1.0/invoke/callee/method/fine")).StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task A_sidecar_in_another_process_is_found_and_called()
    {
        var registry = Directory.CreateTempSubdirectory("sidecar-registry-").FullName;
        await using var app = (await TestApp.StartAsync()).On("POST /far", 200, "from afar");
        var port = RedisServer.FreePort();
        using var process = Process.Start(new ProcessStartInfo("dotnet",
            [Path.Combine(AppContext.BaseDirectory, "Sidecar.dll"), "--app-id", "far", "--app-port", $"{app.Port}", "--dapr-http-port", $"{port}",
            "--dapr-grpc-port", "0", "--registry-folder", registry]) { RedirectStandardOutput = true })!;
        try
        {
            while (await process.StandardOutput.ReadLineAsync() is { } line && !line.Contains("Status: Running", StringComparison.Ordinal)) { }
            _ = process.StandardOutput.ReadToEndAsync();
            await using var caller = await TestSidecar.StartAsync("caller", registry: registry);
            var answer = await caller.PostAsync("/v1.0/invoke/far/method/far", "x");
            (await answer.Content.ReadAsStringAsync()).ShouldBe("from afar");
            var seen = app.Seen.Single(request => request.Path == "/far");
            seen.Body.ShouldBe("x");
            seen.Headers["dapr-caller-app-id"].ShouldBe("caller");
        }
        finally
        {
            process.Kill();
            await process.WaitForExitAsync();
        }
    }

    private sealed record Pair(TestApp App, TestSidecar Callee, TestSidecar Caller) : IAsyncDisposable
    {
        public static async Task<Pair> StartAsync(string callerResources = "")
        {
            var registry = Directory.CreateTempSubdirectory("sidecar-registry-").FullName;
            var app = await TestApp.StartAsync();
            return new Pair(app, await TestSidecar.StartAsync("callee", app, registry: registry),
                await TestSidecar.StartAsync("caller", resources: callerResources, registry: registry));
        }

        public async ValueTask DisposeAsync()
        {
            await Caller.DisposeAsync();
            await Callee.DisposeAsync();
            await App.DisposeAsync();
        }
    }
}
