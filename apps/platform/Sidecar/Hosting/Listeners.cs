using System.Net;
using ConcertDapr.Sidecar.Api.Grpc;
using ConcertDapr.Sidecar.Api.Http;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace ConcertDapr.Sidecar;

/// <summary>Which of a sidecar's ports a connection came in by.</summary>
internal sealed record ListenerFeature(string Name)
{
    public static readonly ListenerFeature Http = new("HTTP");
    public static readonly ListenerFeature Grpc = new("gRPC");
    public static readonly ListenerFeature Internal = new("internal");
}

/// <summary>The one web server of a sidecar with its three ports.</summary>
internal sealed class Listeners : IAsyncDisposable
{
    private readonly WebApplication app;
    private readonly Dictionary<ListenerFeature, ListenOptions> bound = [];

    public Listeners(SidecarRuntime runtime)
    {
        var options = runtime.Options;
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore();
        builder.Services.AddRoutingCore();
        builder.Services.AddSingleton<ILoggerFactory>(new ErrorsOnly(runtime.Loggers));
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = options.GracefulShutdown);
        builder.WebHost.ConfigureKestrel(kestrel => Configure(kestrel, options));
        app = builder.Build();
        Map(runtime);
    }

    public int HttpPort => PortOf(ListenerFeature.Http);

    public int GrpcPort => PortOf(ListenerFeature.Grpc);

    public int InternalPort => PortOf(ListenerFeature.Internal);

    /// <exception cref="SidecarStartException">A port is taken.</exception>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        try
        {
            await app.StartAsync(cancellationToken);
        }
        catch (IOException e)
        {
            throw new SidecarStartException($"cannot listen: {e.Message}", e);
        }
    }

    public Task StopAsync(CancellationToken cancellationToken) => app.StopAsync(cancellationToken);

    public ValueTask DisposeAsync() => app.DisposeAsync();

    private void Configure(KestrelServerOptions kestrel, SidecarOptions options)
    {
        kestrel.AddServerHeader = false;
        kestrel.Limits.MaxRequestBodySize = null;
        kestrel.Limits.MinRequestBodyDataRate = null;
        kestrel.Limits.MinResponseDataRate = null;
        kestrel.Limits.MaxRequestHeadersTotalSize = options.ReadBufferSize * 2;
        kestrel.Limits.Http2.MaxStreamsPerConnection = int.MaxValue;
        kestrel.Limits.Http2.InitialConnectionWindowSize = 1024 * 1024;
        kestrel.Limits.Http2.InitialStreamWindowSize = 1024 * 1024;
        kestrel.RequestHeaderEncodingSelector = ConnectionEncoding.Of;
        kestrel.ResponseHeaderEncodingSelector = _ => System.Text.Encoding.Latin1;
        foreach (var address in options.ListenAddresses)
        {
            Listen(kestrel, address, options.HttpPort, HttpProtocols.Http1, ListenerFeature.Http);
            Listen(kestrel, address, options.GrpcPort, HttpProtocols.Http2, ListenerFeature.Grpc);
        }
        Listen(kestrel, "127.0.0.1", options.InternalPort, HttpProtocols.Http1, ListenerFeature.Internal);
    }

    private void Listen(KestrelServerOptions kestrel, string address, int port, HttpProtocols protocols, ListenerFeature feature)
    {
        var ip = address is "localhost" ? IPAddress.Loopback
            : IPAddress.TryParse(address.Trim('[', ']'), out var parsed) ? parsed
            : throw new SidecarStartException($"--dapr-listen-addresses: '{address}' is no IP address");
        kestrel.Listen(ip, port, listen =>
        {
            listen.Protocols = protocols;
            listen.Use(next => connection =>
            {
                connection.Features.Set(feature);
                return next(connection);
            });
            if (feature == ListenerFeature.Http) HeadWriter.Use(listen);
            bound.TryAdd(feature, listen);
        });
    }

    private void Map(SidecarRuntime runtime)
    {
        var log = runtime.Loggers.CreateLogger("dapr.runtime.api");
        var (http, peers) = (new HttpApi(runtime, log), new InternalApi(runtime));
        app.UseWhen(context => context.Features.Get<ListenerFeature>() == ListenerFeature.Grpc, branch => GrpcApi.Map(branch, runtime));
        app.Run(context => context.Features.Get<ListenerFeature>() == ListenerFeature.Internal
            ? peers.HandleAsync(context)
            : http.HandleAsync(context));
    }

    /// <summary>What goes wrong in the web server itself; it tells of every request otherwise.</summary>
    private sealed class ErrorsOnly(ILoggerFactory loggers) : ILoggerFactory
    {
        // Never says an error, and is the reason for a span with ids of its own around each request while it may.
        private const string Requests = "Microsoft.AspNetCore.Hosting.Diagnostics";

        public ILogger CreateLogger(string categoryName) => categoryName == Requests
            ? Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance : new Category(loggers.CreateLogger(categoryName));

        public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException();

        public void Dispose()
        {
            // The loggers are the runtime's.
        }

        private sealed class Category(ILogger log) : ILogger
        {
            public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

            public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Error && log.IsEnabled(logLevel);

            public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
            {
                if (IsEnabled(logLevel) && exception is not AnswerBrokeOffException) log.Log(logLevel, eventId, state, exception, formatter);
            }
        }
    }

    private int PortOf(ListenerFeature feature) => bound.GetValueOrDefault(feature)?.IPEndPoint?.Port ?? 0;
}
