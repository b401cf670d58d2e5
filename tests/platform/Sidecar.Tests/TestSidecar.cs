using System.Text;
using ConcertDapr.Sidecar;

namespace ConcertDapr.Tests;

/// <summary>A sidecar of this process with manifests in a temporary folder and a registry of its own (or a shared one).</summary>
public sealed class TestSidecar : IAsyncDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("sidecar-test-").FullName;
    private readonly SidecarHost host;

    private TestSidecar(SidecarHost host, string folder)
    {
        (this.host, this.folder) = (host, folder);
        Http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{host.HttpPort}") };
    }

    public HttpClient Http { get; }

    public int HttpPort => host.HttpPort;

    internal SidecarRuntime Runtime => host.Runtime;

    /// <summary>Starts and waits until the app's subscriptions and actors are in place.</summary>
    public static async Task<TestSidecar> StartAsync(string appId, TestApp? app = null, string resources = "", string? registry = null,
        Func<SidecarOptions, SidecarOptions>? change = null, TimeProvider? clock = null, bool waitForApp = true)
    {
        var folder = Directory.CreateTempSubdirectory("sidecar-test-").FullName;
        var manifests = Directory.CreateDirectory(Path.Combine(folder, "resources"));
        await File.WriteAllTextAsync(Path.Combine(manifests.FullName, "all.yaml"), resources);
        var options = new SidecarOptions
        {
            AppId = appId,
            AppPort = app?.Port,
            HttpPort = 0,
            GrpcPort = 0,
            ResourcesPaths = [manifests.FullName],
            RegistryFolder = registry ?? Path.Combine(folder, "registry"),
        };
        var host = await SidecarHost.StartAsync(change?.Invoke(options) ?? options, clock: clock);
        if (waitForApp) await host.Ready.WaitAsync(TimeSpan.FromSeconds(30));
        return new TestSidecar(host, folder);
    }

    public static string Component(string name, string type, params (string Name, string Value)[] metadata)
    {
        var text = new StringBuilder($"---\napiVersion: dapr.io/v1alpha1\nkind: Component\nmetadata: {{name: {name}}}\nspec:\n  type: {type}\n  version: v1\n  metadata:{(metadata.Length == 0 ? " []" : "")}\n");
        foreach (var (key, value) in metadata) text.Append($"  - {{name: {key}, value: \"{value}\"}}\n");
        return text.ToString();
    }

    public static string Redis(string name, string type, RedisServer redis, params (string Name, string Value)[] metadata) =>
        Component(name, type, [("redisHost", $"127.0.0.1:{redis.Port}"), .. metadata]);

    public Task<HttpResponseMessage> PostAsync(string path, string json, string contentType = "application/json") =>
        Http.PostAsync(path, new StringContent(json, Encoding.UTF8, contentType));

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await host.DisposeAsync();
        Directory.Delete(folder, recursive: true);
    }
}
