using ConcertDapr.Wire;
using Google.Protobuf;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Logging.Abstractions;

namespace ConcertDapr.Tests;

/// <summary>A gRPC endpoint that remembers what it was asked, and answers as the test says.</summary>
internal sealed class FakeSidecar : IAsyncDisposable
{
    private readonly TestApp _app;

    private FakeSidecar(TestApp app) => _app = app;


    public string Address => _app.Address.ToString();

    public static async Task<FakeSidecar> StartAsync(Action<GrpcServer> methods, string? token = null)
    {
        var server = new GrpcServer(new GrpcServerOptions { ApiToken = token }, NullLogger.Instance);
        methods(server);
        return new FakeSidecar(await TestApp.StartAsync(app => app.Run(server.HandleAsync), grpc: true));
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();
}

/// <summary>Shorthand for methods of the fake.</summary>
internal static class FakeSidecarExtensions
{
    public static GrpcServer Dapr<TRequest, TResponse>(
        this GrpcServer server, string method, MessageParser<TRequest> parser, Func<TRequest, TResponse> answer)
        where TRequest : class, IMessage<TRequest>
        where TResponse : IMessage =>
        server.Unary($"/dapr.proto.runtime.v1.Dapr/{method}", parser, (request, _) => Task.FromResult(answer(request)));

    public static GrpcServer TaskHub<TRequest, TResponse>(
        this GrpcServer server, string method, MessageParser<TRequest> parser, Func<TRequest, TResponse> answer)
        where TRequest : class, IMessage<TRequest>
        where TResponse : IMessage =>
        server.Unary($"/TaskHubSidecarService/{method}", parser, (request, _) => Task.FromResult(answer(request)));
}
