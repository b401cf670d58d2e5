using System.Net;
using System.Net.Http.Json;
using ConcertDapr.Testing;
using Dapr.Workflow;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace ConcertDapr.Tests;

/// <summary>What moves when the test moves the clock.</summary>
public sealed class TimeTests
{
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    [Fact]
    public async Task A_timer_ticks_as_often_as_its_period_fits()
    {
        await using var dapr = await StartAsync();
        await using var app = await CountingApp.StartAsync(dapr);
        using var http = Client(dapr);
        await http.PutAsJsonAsync("/v1.0/actors/Clock/1/timers/tick", new { dueTime = "10s", period = "10s" });
        app["/actors/Clock/1/method/timer/tick"].ShouldBe(0);
        await dapr.AdvanceAsync(Minute);
        app["/actors/Clock/1/method/timer/tick"].ShouldBe(6);
    }

    [Fact]
    public async Task A_reminder_is_due_at_its_moment_and_not_before()
    {
        await using var dapr = await StartAsync();
        await using var app = await CountingApp.StartAsync(dapr);
        using var http = Client(dapr);
        await http.PutAsJsonAsync("/v1.0/actors/Clock/1/reminders/later", new { dueTime = "1h" });
        await dapr.AdvanceAsync(TimeSpan.FromHours(1) - TimeSpan.FromMilliseconds(1));
        app["/actors/Clock/1/method/remind/later"].ShouldBe(0);
        await dapr.AdvanceAsync(TimeSpan.FromMilliseconds(1));
        app["/actors/Clock/1/method/remind/later"].ShouldBe(1);
        (await http.GetAsync(new Uri("/v1.0/actors/Clock/1/reminders/later", UriKind.Relative))).StatusCode.ShouldBe(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task A_reminder_that_the_app_refuses_is_tried_again_seconds_later()
    {
        await using var dapr = await StartAsync();
        await using var app = await CountingApp.StartAsync(dapr);
        using var http = Client(dapr);
        app.Answers["/actors/Clock/1/method/remind/later"] = context =>
        {
            context.Response.StatusCode = app["/actors/Clock/1/method/remind/later"] < 3 ? 500 : 200;
            return Task.CompletedTask;
        };
        await http.PutAsJsonAsync("/v1.0/actors/Clock/1/reminders/later", new { dueTime = "1m" });
        await dapr.AdvanceAsync(Minute);
        app["/actors/Clock/1/method/remind/later"].ShouldBe(1);
        await dapr.AdvanceAsync(Minute);
        app["/actors/Clock/1/method/remind/later"].ShouldBe(3);
    }

    [Fact]
    public async Task A_workflow_s_timers_and_the_activities_between_them_follow_the_clock()
    {
        await using var dapr = await StartAsync();
        await using var app = WorkflowApp(dapr);
        await app.StartAsync();
        await dapr.ReadyAsync();
        var workflows = app.Services.GetRequiredService<DaprWorkflowClient>();
        var start = dapr.Time.GetUtcNow();
        var id = await workflows.ScheduleNewWorkflowAsync("TwoDays");
        await dapr.AdvanceAsync(TimeSpan.FromDays(2) - TimeSpan.FromMilliseconds(1));
        (await workflows.GetWorkflowStateAsync(id))!.RuntimeStatus.ShouldBe(WorkflowRuntimeStatus.Running);
        await dapr.AdvanceAsync(TimeSpan.FromMilliseconds(1));
        var state = await workflows.GetWorkflowStateAsync(id);
        state!.RuntimeStatus.ShouldBe(WorkflowRuntimeStatus.Completed);
        state.ReadOutputAs<int>().ShouldBe(2);
        (new DateTimeOffset(state.LastUpdatedAt.UtcDateTime, TimeSpan.Zero) - start).ShouldBe(TimeSpan.FromDays(2), TimeSpan.FromMilliseconds(1));
    }

    [Fact]
    public async Task Items_expire_and_leases_end_with_the_clock()
    {
        await using var dapr = await StartAsync();
        using var http = Client(dapr);
        await http.PostAsJsonAsync("/v1.0/state/statestore", new[] { new { key = "k", value = 1, metadata = new { ttlInSeconds = "60" } } });
        var held = new { resourceId = "seat", lockOwner = "me", expiryInSeconds = 60 };
        (await LockAsync()).ShouldBe("""{"success":true}""");
        await dapr.AdvanceAsync(Minute - TimeSpan.FromSeconds(1));
        (await http.GetStringAsync(new Uri("/v1.0/state/statestore/k", UriKind.Relative))).ShouldBe("1");
        (await LockAsync()).ShouldBe("""{"success":false}""");
        await dapr.AdvanceAsync(TimeSpan.FromSeconds(1));
        (await http.GetAsync(new Uri("/v1.0/state/statestore/k", UriKind.Relative))).StatusCode.ShouldBe(HttpStatusCode.NoContent);
        (await LockAsync()).ShouldBe("""{"success":true}""");

        async Task<string> LockAsync() =>
            await (await http.PostAsJsonAsync("/v1.0-alpha1/lock/lockstore", held)).Content.ReadAsStringAsync();
    }

    [Fact]
    public async Task A_delivery_is_repeated_when_its_pause_is_over()
    {
        const string route = "/paid";
        await using var dapr = await StartAsync(o => o.AddManifest("""
            apiVersion: dapr.io/v1alpha1
            kind: Resiliency
            metadata: {name: repeats}
            spec:
              policies: {retries: {hourly: {policy: constant, duration: 1h, maxRetries: 3}}}
              targets: {components: {pubsub: {inbound: {retry: hourly}}}}
            """));
        await using var app = await CountingApp.StartAsync(dapr, """[{"pubsubname":"pubsub","topic":"paid","route":"/paid"}]""");
        var first = new TaskCompletionSource();
        app.Answers[route] = context =>
        {
            first.TrySetResult();
            context.Response.StatusCode = app[route] < 3 ? 500 : 200;
            return Task.CompletedTask;
        };
        using var http = Client(dapr);
        await http.PostAsJsonAsync("/v1.0/publish/pubsub/paid", new { id = 1 });
        await first.Task.WaitAsync(TimeSpan.FromSeconds(30));
        await dapr.SettledAsync();
        app[route].ShouldBe(1);
        await dapr.AdvanceAsync(TimeSpan.FromHours(2));
        app[route].ShouldBe(3);
    }

    [Fact]
    public async Task Who_waits_in_vain_is_told_for_what()
    {
        await using var dapr = await StartAsync();
        await using var app = await CountingApp.StartAsync(dapr);
        var leave = new TaskCompletionSource();
        app.Answers["/actors/Clock/1/method/remind/stuck"] = _ => leave.Task;
        using var http = Client(dapr);
        await http.PutAsJsonAsync("/v1.0/actors/Clock/1/reminders/stuck", new { dueTime = "1s" });
        var failure = await Should.ThrowAsync<TimeoutException>(() => dapr.AdvanceAsync(Minute, TimeSpan.FromMilliseconds(300)));
        failure.Message.ShouldContain("reminder stuck of actor Clock/1");
        leave.SetResult();
        await dapr.SettledAsync();
    }

    private static Task<DaprTestHost> StartAsync(Action<DaprTestOptions>? more = null) => DaprTestHost.StartAsync(o =>
    {
        o.AppPort = 0;
        o.UseVirtualTime();
        more?.Invoke(o);
    });

    private static HttpClient Client(DaprTestHost dapr) => new() { BaseAddress = dapr.HttpEndpoint };

    private static WebApplication WorkflowApp(DaprTestHost dapr)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Configuration.AddInMemoryCollection(dapr.Environment);
        builder.WebHost.UseUrls($"http://127.0.0.1:{dapr.AppPort}");
        builder.Services.AddDaprWorkflow(options =>
        {
            options.RegisterWorkflow<object?, int>("TwoDays", async (context, _) =>
            {
                await context.CreateTimer(TimeSpan.FromDays(1));
                var one = await context.CallActivityAsync<int>("Add", 0);
                await context.CreateTimer(TimeSpan.FromDays(1));
                return await context.CallActivityAsync<int>("Add", one);
            });
            options.RegisterActivity<int, int>("Add", (_, number) => Task.FromResult(number + 1));
        });
        return builder.Build();
    }
}
