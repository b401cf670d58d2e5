using ConcertDapr.Sidecar;
using Dapr.Actors;
using Dapr.Actors.Runtime;
using Dapr.Workflow;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace ConcertDapr.Bench;

/// <summary>The calls of <see cref="PingActor"/>.</summary>
public interface IPingActor : IActor
{
    /// <summary>Does nothing.</summary>
    Task<string> Ping();
}

/// <summary>An actor that does nothing, so that what is measured is the way to it.</summary>
[Actor(TypeName = "Ping")]
internal sealed class PingActor(ActorHost host) : Actor(host), IPingActor
{
    public Task<string> Ping() => Task.FromResult("pong");
}

/// <summary>An app that does nothing, with a sidecar: <c>/ping</c>, the actor and a workflow of four activities.</summary>
internal sealed class AppUnderTest : IAsyncDisposable
{
    public const string Id = "app";
    public const string FourSteps = "FourSteps";

    private readonly WebApplication _app;
    private readonly SidecarHost _sidecar;

    private AppUnderTest(WebApplication app, SidecarHost sidecar, int port) => (_app, _sidecar, Port) = (app, sidecar, port);

    public int Port { get; }

    public SidecarHost Sidecar => _sidecar;

    public DaprWorkflowClient Workflows => _app.Services.GetRequiredService<DaprWorkflowClient>();

    /// <summary>Starts the sidecar, then the app, and waits until they have found each other.</summary>
    public static async Task<AppUnderTest> StartAsync(string components, string registry)
    {
        var port = RedisUnderTest.FreePort();
        var sidecar = await SidecarHost.StartAsync(new SidecarOptions
        {
            AppId = Id,
            AppPort = port,
            HttpPort = 0,
            GrpcPort = 0,
            ResourcesPaths = [components],
            RegistryFolder = registry,
        });
        // The SDK's clients take their sidecar from here.
        Environment.SetEnvironmentVariable("DAPR_HTTP_PORT", $"{sidecar.HttpPort}");
        Environment.SetEnvironmentVariable("DAPR_GRPC_PORT", $"{sidecar.GrpcPort}");
        var app = Build(port);
        await app.StartAsync();
        await sidecar.Ready;
        return new(app, sidecar, port);
    }

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
        await _sidecar.DisposeAsync();
    }

    private static WebApplication Build(int port)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseSetting("urls", $"http://127.0.0.1:{port}");
        builder.Services.AddActors(actors => actors.Actors.RegisterActor<PingActor>());
        builder.Services.AddDaprWorkflow(workflows =>
        {
            workflows.RegisterWorkflow<int, int>(FourSteps, async (context, input) =>
            {
                for (var i = 0; i < 4; i++)
                    input = await context.CallActivityAsync<int>("Add", input);
                return input;
            });
            workflows.RegisterActivity<int, int>("Add", (_, input) => Task.FromResult(input + 1));
        });
        var app = builder.Build();
        app.MapPost("/ping", () => "pong");
        app.MapActorsHandlers();
        return app;
    }
}
