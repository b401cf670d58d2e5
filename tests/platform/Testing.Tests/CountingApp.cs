using System.Collections.Concurrent;
using ConcertDapr.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;

namespace ConcertDapr.Tests;

/// <summary>An app without any SDK, at the port its sidecar expects: hosts actors of type <c>Clock</c> and counts what it is asked.</summary>
internal sealed class CountingApp : IAsyncDisposable
{
    private readonly WebApplication app;
    private readonly ConcurrentDictionary<string, int> counts = new();

    private CountingApp(WebApplication app) => this.app = app;

    /// <summary>Answers a path; everything else is 200 without a body.</summary>
    public ConcurrentDictionary<string, Func<HttpContext, Task>> Answers { get; } = new();

    /// <summary>How often a path was asked for.</summary>
    public int this[string path] => counts.GetValueOrDefault(path);

    /// <summary>The app's answer to <c>/dapr/subscribe</c>.</summary>
    public string Subscriptions { get; init; } = "[]";

    public static async Task<CountingApp> StartAsync(DaprTestHost dapr, string subscriptions = "[]")
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls($"http://127.0.0.1:{dapr.AppPort}");
        var test = new CountingApp(builder.Build()) { Subscriptions = subscriptions };
        test.app.Run(test.HandleAsync);
        await test.app.StartAsync();
        await dapr.ReadyAsync();
        return test;
    }

    public ValueTask DisposeAsync() => app.DisposeAsync();

    private async Task HandleAsync(HttpContext context)
    {
        var path = context.Request.Path.Value!;
        counts.AddOrUpdate(path, 1, static (_, count) => count + 1);
        if (Answers.TryGetValue(path, out var answer)) await answer(context);
        else if (path == "/dapr/config") await context.Response.WriteAsync("""{"entities":["Clock"]}""");
        else if (path == "/dapr/subscribe") await context.Response.WriteAsync(Subscriptions);
    }
}
