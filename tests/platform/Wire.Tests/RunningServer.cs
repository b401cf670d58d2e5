using ConcertDapr.Wire;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace ConcertDapr.Tests;

/// <summary>A Kestrel on a free loopback port that serves the methods a test adds.</summary>
internal sealed class RunningServer : IAsyncDisposable
{
    private readonly WebApplication _app;

    private RunningServer(WebApplication app) => _app = app;

    public Uri Address => new(_app.Urls.Single());

    public static async Task<RunningServer> StartAsync(Action<GrpcServer> methods, GrpcServerOptions? options = null)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Listen(System.Net.IPAddress.Loopback, 0, o => o.Protocols = HttpProtocols.Http2);
        });
        var app = builder.Build();
        var server = new GrpcServer(options ?? new(), NullLogger.Instance);
        methods(server);
        app.Run(server.HandleAsync);
        await app.StartAsync();
        return new RunningServer(app);
    }

    public GrpcClient Client(Func<GrpcClientOptions, GrpcClientOptions>? configure = null) =>
        new((configure ?? (o => o))(new GrpcClientOptions(Address)));

    public ValueTask DisposeAsync() => _app.DisposeAsync();
}
