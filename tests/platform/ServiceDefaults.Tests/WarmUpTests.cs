using System.Collections.Concurrent;
using ConcertDapr.Contracts;
using ConcertDapr.ServiceDefaults;
using Dapr.Client;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging.Abstractions;

namespace ConcertDapr.Tests;

public class WarmUpTests
{
    [Fact]
    public async Task A_service_is_not_ready_while_it_sends_itself_requests_whatever_they_are_answered()
    {
        var asked = new ConcurrentBag<string>();
        var all = new TaskCompletionSource();
        await using var sidecar = await SidecarAsync(context =>
        {
            asked.Add($"{context.Request.Method} {context.Request.Path} {context.Request.Headers[TrustedHeaders.UserId]}");
            if (asked.Count >= 20) all.TrySetResult();
            context.Response.StatusCode = context.Request.Path.Value!.EndsWith("/holds", StringComparison.Ordinal) ? 404 : 500;
            return Task.CompletedTask;
        });
        var clock = new OneTimerClock();
        using var dapr = new DaprClientBuilder().UseHttpEndpoint(sidecar.Urls.Single()).Build();
        using var warmUp = new WarmUp(dapr, "reservation", TimeSpan.FromSeconds(4), [new("GET", "/mine"), new("POST", "/holds", "{}")], clock, NullLogger<WarmUp>.Instance);

        await warmUp.StartAsync(TestContext.Current.CancellationToken);
        await all.Task;
        (await warmUp.WhyNotAsync()).ShouldBe("warming up");
        clock.Due.ShouldBe(TimeSpan.FromSeconds(4));
        await clock.FireAsync();
        await warmUp.ExecuteTask!;

        (await warmUp.WhyNotAsync()).ShouldBeNull();
        asked.Distinct().Order().ShouldBe(["GET /v1.0/invoke/reservation/method/mine 1", "POST /v1.0/invoke/reservation/method/holds 1"]);
    }

    [Fact]
    public async Task A_sidecar_that_does_not_answer_yet_is_asked_again()
    {
        var clock = new OneTimerClock();
        using var dapr = new DaprClientBuilder().UseHttpEndpoint("http://127.0.0.1:1").Build();
        using var warmUp = new WarmUp(dapr, "reservation", TimeSpan.FromSeconds(4), [new("GET", "/mine")], clock, NullLogger<WarmUp>.Instance);
        await warmUp.StartAsync(TestContext.Current.CancellationToken);
        (await warmUp.WhyNotAsync()).ShouldBe("warming up");
        await clock.FireAsync();
        await warmUp.ExecuteTask!;
        (await warmUp.WhyNotAsync()).ShouldBeNull();
    }

    private static async Task<WebApplication> SidecarAsync(RequestDelegate answer)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        app.Run(answer);
        await app.StartAsync();
        return app;
    }

    /// <summary>A clock that stands still but for its first timer, which fires when told.</summary>
    private sealed class OneTimerClock : TimeProvider
    {
        private readonly TaskCompletionSource<Action> _first = new();

        public TimeSpan Due { get; private set; }

        public async Task FireAsync() => (await _first.Task)();

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            if (_first.Task.IsCompleted) return base.CreateTimer(callback, state, dueTime, period);
            Due = dueTime;
            _first.SetResult(() => callback(state));
            return base.CreateTimer(_ => { }, null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }
    }
}
