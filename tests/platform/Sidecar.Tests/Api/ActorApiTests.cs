using ConcertDapr.Sidecar;
using System.Net;
using System.Text;
using System.Text.Json;
using ConcertDapr.Tests.Workflows;

namespace ConcertDapr.Tests.Api;

/// <summary>The actor API over HTTP: statuses and error codes, what reaches the app, ticks that fail, apps that are ill.</summary>
public sealed class ActorApiTests(RedisServer redis)
{
    private readonly string appId = "actors" + Guid.NewGuid().ToString("N");

    [Theory]
    [InlineData("POST", "T/1/method/m", "", 200, "done")]
    [InlineData("GET", "T/1/method/m", null, 200, "done")]
    [InlineData("DELETE", "T/1/method/m", null, 200, "done")]
    [InlineData("PATCH", "T/1/method/m", "", 404, "ERR_DIRECT_INVOKE")]
    [InlineData("PUT", "T/1/method/created", "", 500, "ERR_ACTOR_INVOKE_METHOD")]
    [InlineData("PUT", "T/1/method/absent", "", 500, "actor method not found")]
    [InlineData("PUT", "T/a%2Fb/method/m", "", 400, "ERR_BAD_REQUEST")]
    [InlineData("PUT", "T/../method/m", "", 404, "ERR_DIRECT_INVOKE")]
    [InlineData("GET", "T/1/state/absent", null, 204, "")]
    [InlineData("POST", "T/idle/state", "[]", 400, "ERR_ACTOR_INSTANCE_MISSING")]
    [InlineData("POST", "T/1/state", "[]", 204, "")]
    [InlineData("POST", "T/1/state", "{}", 400, "ERR_MALFORMED_REQUEST")]
    [InlineData("PUT", "T/1/state", """[{"operation":"odd","request":{"key":"k"}}]""", 500, "ERR_ACTOR_STATE_TRANSACTION_SAVE")]
    [InlineData("PUT", "T/1/state", """[{"operation":"upsert","request":{}}]""", 500, "ERR_ACTOR_STATE_TRANSACTION_SAVE")]
    [InlineData("PUT", "T/1/state", """[{"operation":"upsert","request":{"key":"k","metadata":{"ttlInSeconds":"5"}}}]""", 500, "ActorStateTTL")]
    [InlineData("POST", "Other/1/reminders/r", """{"dueTime":"1h"}""", 403, "ERR_ACTOR_REMINDER_NON_HOSTED")]
    [InlineData("GET", "T/1/reminders/absent", null, 404, "ERR_ACTOR_REMINDER_NOT_FOUND")]
    [InlineData("DELETE", "T/1/reminders/absent", null, 204, "")]
    [InlineData("POST", "T/1/reminders/r", "{}", 500, "job must have either a due time or a schedule")]
    [InlineData("POST", "T/1/reminders/r", """{"dueTime":"1h","ttl":"2h"}""", 500, "job must have a schedule to have a ttl")]
    [InlineData("POST", "T/1/reminders/r", """{"dueTime":"1h","period":"P1D"}""", 500, "unsupported period format")]
    [InlineData("POST", "T/1/reminders/..", """{"dueTime":"1h"}""", 404, "ERR_DIRECT_INVOKE")]
    [InlineData("POST", "Other/1/timers/t", """{"dueTime":"1h"}""", 500, "ERR_ACTOR_TIMER_CREATE")]
    [InlineData("POST", "T/1/timers/t", """{"dueTime":"1h","period":"R0/PT1S"}""", 500, "has zero repetitions")]
    [InlineData("POST", "T/1/timers/t", """{"dueTime":"1h","ttl":"2020-01-01T00:00:00Z"}""", 500, "has already expired")]
    [InlineData("DELETE", "T/1/timers/absent", null, 204, "")]
    [InlineData("GET", "dapr.internal.default.a.workflow/1/state/k", null, 403, "ERR_ACTOR_TYPE_RESERVED")]
    [InlineData("POST", "dapr.internal.default.a.workflow/1/reminders/r", "{}", 403, "ERR_ACTOR_TYPE_RESERVED")]
    public async Task Each_request_has_its_answer(string verb, string path, string? body, int status, string text)
    {
        await using var app = (await AppAsync()).On("PUT /actors/T/1/method/m", 200, "done").On("PUT /actors/T/1/method/created", 201);
        await using var sidecar = await StartAsync(app);
        await sidecar.PostAsync("/v1.0/actors/T/1/method/m", "1");
        using var request = new HttpRequestMessage(HttpMethod.Parse(verb), new Uri($"http://127.0.0.1:{sidecar.HttpPort}/v1.0/actors/{path}",
            new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true })) { Content = body is null ? null : new StringContent(body) };
        var answer = await sidecar.Http.SendAsync(request);
        ((int)answer.StatusCode, await answer.Content.ReadAsStringAsync()).ShouldSatisfyAllConditions(
            seen => seen.Item1.ShouldBe(status), seen => seen.Item2.ShouldContain(text));
    }

    [Fact]
    public async Task A_call_carries_its_body_query_and_headers_and_says_whence_it_comes()
    {
        await using var app = (await AppAsync()).On("PUT /actors/T/1/method/m", 200);
        await using var sidecar = await StartAsync(app);
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1.0/actors/T/1/method/m?q=1") { Content = new StringContent("[1]", Encoding.UTF8, "application/json") };
        request.Headers.Add("X-Of-Mine", "2");
        await sidecar.Http.SendAsync(request);
        var seen = app.Seen.Single(one => one.Method == "PUT");
        (seen.Path, seen.Body, seen.Headers["X-Of-Mine"], seen.Headers["Dapr-Api-Call"], seen.Headers["Dapr-Caller-App-Id"])
            .ShouldBe(("/actors/T/1/method/m?q=1", "[1]", "2", "true", appId));
    }

    [Fact]
    public async Task The_attempts_of_a_late_tick_follow_at_once()
    {
        await using (var app = await AppAsync())
        await using (var sidecar = await StartAsync(app))
            (await sidecar.PostAsync("/v1.0/actors/T/1/reminders/late", """{"dueTime":"1h"}""")).StatusCode.ShouldBe(HttpStatusCode.NoContent);
        await using var failing = (await AppAsync()).On("PUT /actors/T/1/method/remind/late", 500);
        // Years later, and the clock stands still: whoever waited a second after each attempt would make only one.
        await using var later = await StartAsync(failing, new ManualTime());
        (await failing.WaitAsync("PUT /actors/T/1/method/remind/late", 4)).Count.ShouldBe(4);
    }

    [Fact]
    public async Task A_call_waits_while_the_app_is_ill_and_invocations_are_refused()
    {
        var healthy = true;
        await using var app = (await AppAsync()).On("PUT /actors/T/1/method/m", 200).On("GET /well", (context, _) =>
        {
            context.Response.StatusCode = Volatile.Read(ref healthy) ? 200 : 503;
            return Task.CompletedTask;
        });
        await using var sidecar = await StartAsync(app, change: options => options with
        {
            AppHealthCheck = new("/well", TimeSpan.FromMilliseconds(50), TimeSpan.FromSeconds(5), 1),
        });
        Volatile.Write(ref healthy, false);
        await UntilAsync(sidecar, "INITIALIZING");
        var call = sidecar.PostAsync("/v1.0/actors/T/1/method/m", "1");
        var refused = await sidecar.Http.GetAsync($"/v1.0/invoke/{appId}/method/x");
        (await refused.Content.ReadAsStringAsync()).ShouldContain("app is not in a healthy state");
        (await sidecar.Http.GetAsync("/v1.0/healthz")).StatusCode.ShouldBe(HttpStatusCode.NoContent);
        call.IsCompleted.ShouldBeFalse();
        Volatile.Write(ref healthy, true);
        (await call.WaitAsync(TimeSpan.FromSeconds(30))).StatusCode.ShouldBe(HttpStatusCode.OK);
        await UntilAsync(sidecar, "RUNNING");
    }

    [Theory]
    [InlineData(false, 204, "")]
    [InlineData(true, 500, "dapr is not ready: [internal-placement-service]")]
    public async Task Only_actors_make_the_sidecar_wait_for_the_apps_health(bool actors, int status, string text)
    {
        await using var app = (await AppAsync()).On("GET /ill", 503);
        await using var sidecar = await TestSidecar.StartAsync(appId, app, actors ? Store() : "", waitForApp: false,
            change: options => options with { AppHealthCheck = new("/ill", TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(5), 1) });
        await app.WaitAsync("GET /ill");
        var answer = await sidecar.Http.GetAsync("/v1.0/healthz");
        ((int)answer.StatusCode, await answer.Content.ReadAsStringAsync()).ShouldSatisfyAllConditions(
            seen => seen.Item1.ShouldBe(status), seen => seen.Item2.ShouldContain(text));
    }

    [Fact]
    public async Task The_metadata_name_actors_only_when_they_are_needed()
    {
        await using var app = await AppAsync();
        await using var idle = await TestSidecar.StartAsync("idle", resources: Store());
        (await StatusAsync(idle)).ShouldBe(("DISABLED", false));
        await using var sidecar = await StartAsync(app);
        (await StatusAsync(sidecar)).ShouldBe(("RUNNING", true));
    }

    private static async Task UntilAsync(TestSidecar sidecar, string status)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while ((await StatusAsync(sidecar)).Status != status) patience.Token.ThrowIfCancellationRequested();
    }

    private static async Task<(string? Status, bool HasScheduler)> StatusAsync(TestSidecar sidecar)
    {
        using var metadata = JsonDocument.Parse(await sidecar.Http.GetStringAsync("/v1.0/metadata"));
        return (metadata.RootElement.GetProperty("actorRuntime").GetProperty("runtimeStatus").GetString(), metadata.RootElement.TryGetProperty("scheduler", out _));
    }

    private static async Task<TestApp> AppAsync() => (await TestApp.StartAsync()).On("GET /dapr/config", 200, """{"entities":["T"]}""");

    private string Store() => TestSidecar.Redis("store", "state.redis", redis, ("actorStateStore", "true"));

    private Task<TestSidecar> StartAsync(TestApp app, TimeProvider? clock = null, Func<SidecarOptions, SidecarOptions>? change = null) =>
        TestSidecar.StartAsync(appId, app, Store(), change: change, clock: clock);
}
