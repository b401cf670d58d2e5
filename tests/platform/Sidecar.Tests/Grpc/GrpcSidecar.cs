using ConcertDapr.Sidecar;
using ConcertDapr.Wire;
using Google.Protobuf;
using Grpc.Core;

namespace ConcertDapr.Tests.GrpcApi;

/// <summary>A whole sidecar with in-memory components, and a gRPC client for it.</summary>
internal sealed class GrpcSidecar : IAsyncDisposable
{
    private const string Components = """
        apiVersion: dapr.io/v1alpha1
        kind: Component
        metadata: {name: memory}
        spec:
          type: state.in-memory
          version: v1
          metadata: [{name: actorStateStore, value: "true"}]
        ---
        apiVersion: dapr.io/v1alpha1
        kind: Component
        metadata: {name: bus}
        spec: {type: pubsub.in-memory, version: v1}
        """;

    private readonly DirectoryInfo _folder;
    private readonly SidecarHost _host;

    private GrpcSidecar(DirectoryInfo folder, SidecarHost host)
    {
        (_folder, _host) = (folder, host);
        Client = new GrpcClient(new GrpcClientOptions(new Uri($"http://127.0.0.1:{host.GrpcPort}")));
        Http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{host.HttpPort}") };
    }

    public GrpcClient Client { get; }

    public HttpClient Http { get; }

    public static async Task<GrpcSidecar> StartAsync(int? appPort = null, string components = Components)
    {
        var folder = Directory.CreateTempSubdirectory("grpc-sidecar");
        await File.WriteAllTextAsync(Path.Combine(folder.FullName, "components.yaml"), components);
        var host = await SidecarHost.StartAsync(new SidecarOptions
        {
            AppId = "app",
            AppPort = appPort,
            HttpPort = 0,
            GrpcPort = 0,
            ResourcesPaths = [folder.FullName],
            RegistryFolder = folder.CreateSubdirectory("registry").FullName,
        });
        await host.Ready.WaitAsync(TimeSpan.FromSeconds(20));
        return new GrpcSidecar(folder, host);
    }

    public Task<T> DaprAsync<T>(string method, IMessage request, MessageParser<T> parser) where T : class, IMessage<T> =>
        Client.UnaryAsync("/dapr.proto.runtime.v1.Dapr/" + method, request, parser, new(TimeSpan.FromSeconds(30)));

    public Task<T> TaskHubAsync<T>(string method, IMessage request, MessageParser<T> parser) where T : class, IMessage<T> =>
        Client.UnaryAsync("/TaskHubSidecarService/" + method, request, parser, new(TimeSpan.FromSeconds(30)));

    public DuplexCall<TRequest, TResponse> Duplex<TRequest, TResponse>(string method) where TRequest : IMessage where TResponse : IMessage<TResponse>, new() =>
        new(_host.GrpcPort, "/dapr.proto.runtime.v1.Dapr/" + method);

    public static async Task<RpcException> ShouldFailAsync(Task call, StatusCode code)
    {
        var error = await Should.ThrowAsync<RpcException>(() => call);
        error.StatusCode.ShouldBe(code);
        return error;
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        Http.Dispose();
        await _host.DisposeAsync();
        _folder.Delete(recursive: true);
    }
}
