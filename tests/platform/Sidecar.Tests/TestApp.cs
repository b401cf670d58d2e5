using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace ConcertDapr.Tests;

/// <summary>One request that reached the app.</summary>
public sealed record SeenRequest(string Method, string Path, string Body, IReadOnlyDictionary<string, string> Headers);

/// <summary>An app behind a sidecar: answers by route, remembers what it was asked.</summary>
public sealed class TestApp : IAsyncDisposable
{
    private readonly WebApplication app;
    private readonly ConcurrentDictionary<string, Func<HttpContext, SeenRequest, Task>> routes = new();
    private readonly ConcurrentQueue<SeenRequest> seen = new();
    private readonly SemaphoreSlim arrived = new(0);

    private TestApp(int port)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseUrls($"http://127.0.0.1:{port}");
        app = builder.Build();
        app.Run(HandleAsync);
    }

    public int Port { get; private set; }

    public IReadOnlyList<SeenRequest> Seen => [.. seen];

    public static async Task<TestApp> StartAsync(int port = 0)
    {
        var test = new TestApp(port);
        await test.app.StartAsync();
        var address = test.app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
        test.Port = new Uri(address).Port;
        return test;
    }

    /// <summary>Sets the answer of a method and path such as <c>POST /orders</c>.</summary>
    public TestApp On(string route, int status, string body = "") => On(route, async (context, _) =>
    {
        context.Response.StatusCode = status;
        if (body.Length > 0) await context.Response.WriteAsync(body);
    });

    public TestApp On(string route, Func<HttpContext, SeenRequest, Task> answer)
    {
        routes[route] = answer;
        return this;
    }

    public TestApp Subscribes(params string[] topics) => On("GET /dapr/subscribe", 200,
        "[" + string.Join(",", topics.Select(topic => $$"""{"pubsubname":"pubsub","topic":"{{topic}}","route":"/{{topic}}"}""")) + "]");

    /// <summary>Waits until so many requests of this route have arrived.</summary>
    public async Task<IReadOnlyList<SeenRequest>> WaitAsync(string route, int count = 1)
    {
        using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (true)
        {
            SeenRequest[] found = [.. seen.Where(one => $"{one.Method} {one.Path.Split('?')[0]}" == route)];
            if (found.Length >= count) return found;
            await arrived.WaitAsync(timeout.Token);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await app.DisposeAsync();
        arrived.Dispose();
    }

    private async Task HandleAsync(HttpContext context)
    {
        using var reader = new StreamReader(context.Request.Body);
        var request = new SeenRequest(context.Request.Method, context.Request.Path.Value + context.Request.QueryString, await reader.ReadToEndAsync(),
            context.Request.Headers.ToDictionary(header => header.Key, header => header.Value.ToString(), StringComparer.OrdinalIgnoreCase));
        seen.Enqueue(request);
        arrived.Release();
        context.Response.StatusCode = 404;
        if (routes.TryGetValue($"{request.Method} {context.Request.Path.Value}", out var answer)) await answer(context, request);
    }
}
