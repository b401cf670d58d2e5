using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text.Json;
using ConcertDapr.Sidecar;
using Dapr.Client;
using Microsoft.Extensions.DependencyInjection;

[assembly: AssemblyFixture(typeof(ConcertDapr.Tests.SidecarUnderTest))]
[assembly: CollectionBehavior(DisableTestParallelization = true)]

namespace ConcertDapr.Tests;

/// <summary>
/// The sidecar all tests talk to, and the app it talks to. Without settings: the embedded one on a Redis of its own. A
/// running one is used when these variables are set:
/// <list type="bullet">
/// <item><c>DAPR_HTTP_ENDPOINT</c>, <c>DAPR_GRPC_ENDPOINT</c>: its addresses;</item>
/// <item><c>APP_PORT</c> (6001): the port it was told the app listens on; start it first or together, it waits;</item>
/// <item><c>APP_ID</c> (conformance): its app id.</item>
/// </list>
/// It needs the components <c>statestore</c> (with actorStateStore), <c>pubsub</c> and <c>lockstore</c>.
/// </summary>
public sealed class SidecarUnderTest : IAsyncLifetime
{
    public const string State = "statestore";
    public const string Bus = "pubsub";
    public const string Locks = "lockstore";

    private readonly string _folder = Directory.CreateTempSubdirectory("conformance-").FullName;
    private Process? _redis;
    private SidecarHost? _sidecar;
    private SubjectApp _app = null!;

    public string AppId { get; } = Setting("APP_ID", "conformance");

    public string HttpEndpoint { get; private set; } = "";

    public string GrpcEndpoint { get; private set; } = "";

    public IServiceProvider Services => _app.Services;

    public AppLog Log => _app.Services.GetRequiredService<AppLog>();

    public DaprClient Client => _app.Services.GetRequiredService<DaprClient>();

    /// <summary>Whether the sidecar runs actors; a daprd without placement does not.</summary>
    public bool HostsActors { get; private set; }

    public async ValueTask InitializeAsync()
    {
        var isGiven = Environment.GetEnvironmentVariable("DAPR_GRPC_ENDPOINT") is not null;
        var appPort = isGiven ? int.Parse(Setting("APP_PORT", "6001"), CultureInfo.InvariantCulture) : FreePort();
        if (isGiven)
            (HttpEndpoint, GrpcEndpoint) = (Setting("DAPR_HTTP_ENDPOINT", "http://127.0.0.1:3500"), Setting("DAPR_GRPC_ENDPOINT", ""));
        else
            await StartEmbeddedAsync(appPort);
        _app = await SubjectApp.StartAsync(appPort, HttpEndpoint, GrpcEndpoint);

        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (!await Client.CheckHealthAsync(patience.Token))
            await Task.Delay(100, patience.Token);
        HostsActors = await ActorStatusAsync(patience.Token) == "RUNNING";
    }

    public async ValueTask DisposeAsync()
    {
        try
        {
            await _app.DisposeAsync();
            if (_sidecar is not null)
                await _sidecar.DisposeAsync();
        }
        finally
        {
            await StopRedisAsync();
            Directory.Delete(_folder, recursive: true);
        }
    }

    private async Task<string?> ActorStatusAsync(CancellationToken token)
    {
        using var http = new HttpClient();
        while (true)
        {
            var metadata = await http.GetFromJsonAsync<JsonElement>($"{HttpEndpoint.TrimEnd('/')}/v1.0/metadata", token);
            var status = metadata.GetProperty("actorRuntime").GetProperty("runtimeStatus").GetString();
            if (status != "INITIALIZING")
                return status;
            await Task.Delay(100, token);
        }
    }

    private async Task StopRedisAsync()
    {
        if (_redis is null)
            return;
        _redis.Kill();
        await _redis.WaitForExitAsync();
        _redis.Dispose();
    }

    private async Task StartEmbeddedAsync(int appPort)
    {
        var redis = FreePort();
        _redis = Process.Start(new ProcessStartInfo(
            "redis-server", ["--port", $"{redis}", "--bind", "127.0.0.1", "--dir", _folder, "--save", "", "--daemonize", "no"])
        {
            RedirectStandardOutput = true,
        })!;
        while (await _redis.StandardOutput.ReadLineAsync() is { } line)
            if (line.Contains("Ready to accept connections", StringComparison.Ordinal))
                break;
        _ = _redis.StandardOutput.ReadToEndAsync();
        WriteComponent(State, "state.redis", redis, "actorStateStore");
        WriteComponent(Bus, "pubsub.redis", redis);
        WriteComponent(Locks, "lock.redis", redis);
        _sidecar = await SidecarHost.StartAsync(new SidecarOptions
        {
            AppId = AppId, AppPort = appPort, HttpPort = 0, GrpcPort = 0, ResourcesPaths = [_folder], RegistryFolder = Path.Combine(_folder, "registry"),
        });
        (HttpEndpoint, GrpcEndpoint) = ($"http://127.0.0.1:{_sidecar.HttpPort}", $"http://127.0.0.1:{_sidecar.GrpcPort}");
    }

    private void WriteComponent(string name, string type, int redis, string? flag = null) => File.WriteAllText(
        Path.Combine(_folder, $"{name}.yaml"),
        $$"""
          apiVersion: dapr.io/v1alpha1
          kind: Component
          metadata:
            name: {{name}}
          spec:
            type: {{type}}
            version: v1
            metadata:
              - name: redisHost
                value: 127.0.0.1:{{redis}}
              - name: {{flag ?? "redisPassword"}}
                value: "{{(flag is null ? "" : "true")}}"
          """);

    private static string Setting(string name, string otherwise) => Environment.GetEnvironmentVariable(name) ?? otherwise;

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
