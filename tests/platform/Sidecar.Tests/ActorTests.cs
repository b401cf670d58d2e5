using System.Net;
using Microsoft.AspNetCore.Http;

namespace ConcertDapr.Tests;

public sealed class ActorTests(RedisServer redis)
{
    private readonly string appId = "actors" + Guid.NewGuid().ToString("N");

    [Fact]
    public async Task Calls_of_one_actor_take_turns_and_calls_of_two_do_not()
    {
        var (running, most, both) = (0, 0, new TaskCompletionSource());
        await using var app = await AppAsync();
        app.On("PUT /actors/T/1/method/m", async (context, _) =>
        {
            most = Math.Max(most, Interlocked.Increment(ref running));
            await Task.Yield();
            Interlocked.Decrement(ref running);
            context.Response.StatusCode = 200;
        });
        var meeting = new Barrier(2);
        app.On("PUT /actors/T/2/method/m", Meet).On("PUT /actors/T/3/method/m", Meet);
        await using var sidecar = await StartAsync(app);
        await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => sidecar.PostAsync("/v1.0/actors/T/1/method/m", "1")));
        most.ShouldBe(1);
        await Task.WhenAll(sidecar.PostAsync("/v1.0/actors/T/2/method/m", "1"), sidecar.PostAsync("/v1.0/actors/T/3/method/m", "1"));

        Task Meet(HttpContext context, SeenRequest request)
        {
            context.Response.StatusCode = meeting.SignalAndWait(TimeSpan.FromSeconds(30)) ? 200 : 500;
            return Task.CompletedTask;
        }
    }

    [Fact]
    public async Task A_caller_that_goes_away_frees_the_turn()
    {
        var entered = new TaskCompletionSource();
        await using var app = await AppAsync();
        app.On("PUT /actors/T/1/method/hang", async (context, _) =>
        {
            entered.TrySetResult();
            await Task.Delay(Timeout.Infinite, context.RequestAborted);
        }).On("PUT /actors/T/1/method/m", 200);
        await using var sidecar = await StartAsync(app);
        using var gone = new CancellationTokenSource();
        var hanging = sidecar.Http.PutAsync("/v1.0/actors/T/1/method/hang", null, gone.Token);
        await entered.Task.WaitAsync(TimeSpan.FromSeconds(30));
        await gone.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(() => hanging);
        (await sidecar.PostAsync("/v1.0/actors/T/1/method/m", "1").WaitAsync(TimeSpan.FromSeconds(30))).StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task State_belongs_to_an_active_actor_and_lies_under_its_own_keys()
    {
        await using var app = await AppAsync();
        app.On("PUT /actors/T/1/method/m", 200);
        await using var sidecar = await StartAsync(app);
        const string write = """[{"operation":"upsert","request":{"key":"k","value":{"n":1}}}]""";
        (await sidecar.PostAsync("/v1.0/actors/T/1/state", write)).StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        await sidecar.PostAsync("/v1.0/actors/T/1/method/m", "1");
        (await sidecar.PostAsync("/v1.0/actors/T/1/state", write)).StatusCode.ShouldBe(HttpStatusCode.NoContent);
        (await sidecar.Http.GetStringAsync("/v1.0/actors/T/1/state/k")).ShouldBe("""{"n":1}""");
        await using var client = redis.Client();
        (await client.SendAsync(default, "EXISTS", $"{appId}||T||1||k")).Integer.ShouldBe(1);
    }

    [Theory]
    [InlineData(201)]
    [InlineData(204)]
    [InlineData(404)]
    [InlineData(500)]
    public async Task Anything_but_200_of_the_app_is_an_error(int status)
    {
        await using var app = await AppAsync();
        app.On("PUT /actors/T/1/method/m", status);
        await using var sidecar = await StartAsync(app);
        var answer = await sidecar.PostAsync("/v1.0/actors/T/1/method/m", "1");
        answer.StatusCode.ShouldBe(HttpStatusCode.InternalServerError);
        (await answer.Content.ReadAsStringAsync()).ShouldContain("ERR_ACTOR_INVOKE_METHOD");
    }

    [Fact]
    public async Task A_timer_ticks_as_often_as_it_says_and_a_failing_tick_does_not_end_it()
    {
        await using var app = await AppAsync();
        app.On("PUT /actors/T/1/method/timer/t", 500);
        await using var sidecar = await StartAsync(app);
        (await sidecar.PostAsync("/v1.0/actors/T/1/timers/t", """{"dueTime":"0s","period":"R3/PT0S","callback":"cb","data":"x"}""")).EnsureSuccessStatusCode();
        (await sidecar.PostAsync("/v1.0/actors/T/1/timers/t", """{"dueTime":"1ms","period":"1ms","ttl":"1h","callback":"cb","data":"x"}""")).EnsureSuccessStatusCode();
        var ticks = await app.WaitAsync("PUT /actors/T/1/method/timer/t", 3);
        ticks[^1].Body.ShouldBe("""{"data":"x","callback":"cb","dueTime":"1ms","period":"1ms"}""");
        (await sidecar.Http.DeleteAsync("/v1.0/actors/T/1/timers/t")).StatusCode.ShouldBe(HttpStatusCode.NoContent);
    }

    [Fact]
    public async Task A_reminder_survives_its_sidecar_and_missed_ticks_follow()
    {
        await using var app = await AppAsync();
        app.On("PUT /actors/T/1/method/remind/r", 200);
        await using (var first = await StartAsync(app))
            (await first.PostAsync("/v1.0/actors/T/1/reminders/r", """{"dueTime":"1h","period":"10m","data":{"a":1}}""")).EnsureSuccessStatusCode();
        app.Seen.ShouldNotContain(request => request.Path.Contains("remind"));
        await using var second = await StartAsync(app, new LaterClock(TimeSpan.FromMinutes(85)));
        var ticks = await app.WaitAsync("PUT /actors/T/1/method/remind/r", 3);
        ticks[0].Body.ShouldBe("""{"data":{"a":1},"dueTime":"","period":""}""");
        (await second.Http.GetStringAsync("/v1.0/actors/T/1/reminders/r")).ShouldContain("@every 10m0s");
    }

    [Fact]
    public async Task A_one_shot_reminder_is_gone_after_its_tick()
    {
        await using var app = await AppAsync();
        app.On("PUT /actors/T/1/method/remind/r", 200);
        await using var sidecar = await StartAsync(app);
        (await sidecar.PostAsync("/v1.0/actors/T/1/reminders/r", """{"dueTime":"0s"}""")).EnsureSuccessStatusCode();
        await app.WaitAsync("PUT /actors/T/1/method/remind/r");
        using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while ((await sidecar.Http.GetAsync("/v1.0/actors/T/1/reminders/r", timeout.Token)).StatusCode != HttpStatusCode.NotFound) await Task.Yield();
    }

    [Fact]
    public async Task Reminders_may_be_protected_from_being_replaced()
    {
        await using var app = await AppAsync();
        await using var sidecar = await StartAsync(app);
        const string once = """{"dueTime":"1h","overwrite":false}""";
        (await sidecar.PostAsync("/v1.0/actors/T/1/reminders/r", once)).StatusCode.ShouldBe(HttpStatusCode.NoContent);
        (await sidecar.PostAsync("/v1.0/actors/T/1/reminders/r", once)).StatusCode.ShouldBe(HttpStatusCode.Conflict);
        (await sidecar.Http.DeleteAsync("/v1.0/actors/T/1/reminders/r")).StatusCode.ShouldBe(HttpStatusCode.NoContent);
        (await sidecar.PostAsync("/v1.0/actors/T/1/reminders/r", once)).StatusCode.ShouldBe(HttpStatusCode.NoContent);
    }

    [Fact]
    public async Task An_idle_actor_is_deactivated_and_comes_back_with_the_next_call()
    {
        await using var app = await AppAsync("""{"entities":["T"],"actorIdleTimeout":"1ms"}""");
        app.On("PUT /actors/T/1/method/m", 200).On("DELETE /actors/T/1", 200);
        await using var sidecar = await StartAsync(app);
        await sidecar.PostAsync("/v1.0/actors/T/1/method/m", "1");
        await app.WaitAsync("DELETE /actors/T/1");
        (await sidecar.PostAsync("/v1.0/actors/T/1/method/m", "1")).StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task Two_sidecars_host_each_actor_once_and_call_each_other()
    {
        var registry = Directory.CreateTempSubdirectory("sidecar-registry-").FullName;
        await using var one = await AppAsync();
        await using var two = await AppAsync();
        for (var i = 0; i < 20; i++)
        {
            one.On($"PUT /actors/T/{i}/method/m", 200);
            two.On($"PUT /actors/T/{i}/method/m", 200);
        }
        await using var first = await StartAsync(one, registry: registry);
        await using var second = await StartAsync(two, registry: registry);
        await Eventually.BecomesAsync(() => first.Runtime.Actors.HeldShards == 8 && second.Runtime.Actors.HeldShards == 8);
        foreach (var sidecar in new[] { first, second })
            for (var i = 0; i < 20; i++)
                (await sidecar.PostAsync($"/v1.0/actors/T/{i}/method/m", "1")).StatusCode.ShouldBe(HttpStatusCode.OK);
        var (a, b) = (Actors(one), Actors(two));
        a.Intersect(b).ShouldBeEmpty();
        (a.Count + b.Count).ShouldBe(20);
        (a.Count > 0 && b.Count > 0).ShouldBeTrue();

        static HashSet<string> Actors(TestApp app) => [.. app.Seen.Where(request => request.Method == "PUT").Select(request => request.Path)];
    }

    [Fact]
    public async Task A_reentrant_actor_may_call_itself_within_one_chain()
    {
        TestSidecar? sidecar = null;
        await using var app = await AppAsync("""{"entities":["T"],"reentrancy":{"enabled":true,"maxStackDepth":3}}""");
        app.On("PUT /actors/T/1/method/outer", async (context, request) =>
        {
            using var inner = new HttpRequestMessage(HttpMethod.Put, "/v1.0/actors/T/1/method/inner");
            inner.Headers.Add("Dapr-Reentrancy-Id", request.Headers["Dapr-Reentrancy-Id"]);
            context.Response.StatusCode = (int)(await sidecar!.Http.SendAsync(inner)).StatusCode;
        }).On("PUT /actors/T/1/method/inner", 200);
        await using var started = sidecar = await StartAsync(app);
        (await sidecar.PostAsync("/v1.0/actors/T/1/method/outer", "1").WaitAsync(TimeSpan.FromSeconds(30))).StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    private static async Task<TestApp> AppAsync(string config = """{"entities":["T"]}""") =>
        (await TestApp.StartAsync()).On("GET /dapr/config", 200, config);

    private Task<TestSidecar> StartAsync(TestApp app, TimeProvider? clock = null, string? registry = null) => TestSidecar.StartAsync(
        appId, app, TestSidecar.Redis("store", "state.redis", redis, ("actorStateStore", "true")), registry, clock: clock);

    /// <summary>The real clock, ahead of its time.</summary>
    private sealed class LaterClock(TimeSpan ahead) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + ahead;
    }
}
