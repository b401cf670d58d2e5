using System.Globalization;
using System.Net;
using System.Net.Sockets;
using ConcertDapr.ServiceDefaults;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace ConcertDapr.Tests;

[Collection(nameof(Environment))]
public class ShutdownTests
{
    private static CancellationToken Test => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_service_told_to_stop_is_not_ready_serves_on_while_it_drains_and_finishes_what_is_under_way()
    {
        var answer = new TaskCompletionSource();
        using var service = new StoppableService(drainSeconds: 3, app => app.MapGet("/slow", async () => { await answer.Task; return "done"; }));
        await service.ReadyAsync();
        var slow = service.Http.GetStringAsync("/slow", Test);

        service.Stop();

        (await service.Http.GetAsync("/readyz", Test)).StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
        (await service.Http.GetAsync("/livez", Test)).StatusCode.ShouldBe(HttpStatusCode.OK);
        await service.RefusesAsync();
        slow.IsCompleted.ShouldBeFalse();
        answer.SetResult();
        (await slow).ShouldBe("done");
        (await service.End).ShouldBe(0);
    }

    [Fact]
    public async Task A_stream_without_an_end_ends_when_the_service_stops()
    {
        using var service = new StoppableService(drainSeconds: 0, app => app.MapGet("/stream", async (HttpContext context, Shutdown shutdown) =>
        {
            await context.Response.WriteAsync("first", Test);
            await context.Response.Body.FlushAsync(Test);
            await Task.Delay(Timeout.Infinite, shutdown.Closing).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }));
        await service.ReadyAsync();
        using var stream = await service.Http.GetAsync("/stream", HttpCompletionOption.ResponseHeadersRead, Test);
        service.Stop();
        (await stream.Content.ReadAsStringAsync(Test)).ShouldBe("first");
        (await service.End).ShouldBe(0);
    }

    [Fact]
    public async Task What_does_not_finish_in_time_does_not_keep_the_service()
    {
        using var service = new StoppableService(drainSeconds: 0, app => app.MapGet("/never", () => Task.Delay(Timeout.Infinite, Test)));
        await service.ReadyAsync();
        var never = service.Http.GetAsync("/never", Test);
        await service.RequestArrivedAsync();
        service.Stop();
        (await service.End).ShouldBe(0);
        await Should.ThrowAsync<HttpRequestException>(never);
    }

    /// <summary>A real service of nothing but what all have in common, and one route.</summary>
    private sealed class StoppableService : IDisposable
    {
        private readonly TaskCompletionSource<WebApplication> _app = new();
        private readonly TaskCompletionSource _arrived = new();

        public StoppableService(int drainSeconds, Action<WebApplication> map)
        {
            var port = FreePort();
            Http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}") };
            string[] args = ["--APP_API_TOKEN", new('a', 40), "--APP_PORT", port.ToString(CultureInfo.InvariantCulture),
                "--Shutdown:DrainSeconds", drainSeconds.ToString(CultureInfo.InvariantCulture), "--Shutdown:Seconds", "1.5"];
            End = ConcertService.RunAsync("some", args, NoJson.Default, (_, _) => { }, app =>
            {
                app.Use((context, next) =>
                {
                    if (context.Request.Path == "/never") _arrived.TrySetResult();
                    return next(context);
                });
                map(app);
                _app.SetResult(app);
            });
        }

        public HttpClient Http { get; }

        public Task<int> End { get; }

        public Task RequestArrivedAsync() => _arrived.Task;

        public async Task ReadyAsync()
        {
            var started = new TaskCompletionSource();
            (await _app.Task).Services.GetRequiredService<IHostApplicationLifetime>().ApplicationStarted.Register(started.SetResult);
            await started.Task;
            (await Http.GetAsync("/readyz", Test)).StatusCode.ShouldBe(HttpStatusCode.OK);
        }

        /// <summary>What SIGTERM does.</summary>
        public void Stop() => _app.Task.Result.Services.GetRequiredService<IHostApplicationLifetime>().StopApplication();

        /// <summary>Waits until the port takes no connection any more.</summary>
        public async Task RefusesAsync()
        {
            while (true)
            {
                using var client = new TcpClient();
                try
                {
                    await client.ConnectAsync(Http.BaseAddress!.Host, Http.BaseAddress.Port, Test);
                    await Task.Delay(50, Test);
                }
                catch (SocketException)
                {
                    return;
                }
            }
        }

        public void Dispose() => Http.Dispose();

        private static int FreePort()
        {
            using var listener = new TcpListener(IPAddress.Loopback, 0);
            listener.Start();
            return ((IPEndPoint)listener.LocalEndpoint).Port;
        }
    }
}
