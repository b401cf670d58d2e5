using System.Globalization;
using System.Net.Http.Json;
using Dapr.Workflow;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace ConcertDapr.Soak;

/// <summary>The app behind the sidecar: an echo, counting actors, a subscription and a small workflow.</summary>
internal sealed class SoakApp : IAsyncDisposable
{
    public const string Id = "app";
    public const string Workflow = "Small";
    public const string WaitingWorkflow = "Waiting";

    private readonly WebApplication app;
    private readonly HttpClient sidecar;
    private long delivered;

    private SoakApp(WebApplication app, HttpClient sidecar) => (this.app, this.sidecar) = (app, sidecar);

    /// <summary>Events that have arrived, the same one again included.</summary>
    public long Delivered => Interlocked.Read(ref delivered);

    public DaprWorkflowClient Workflows => app.Services.GetRequiredService<DaprWorkflowClient>();

    public static async Task<SoakApp> StartAsync(int port, SidecarProcess process)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls($"http://127.0.0.1:{port}");
        builder.Configuration.AddInMemoryCollection(
            [new("DAPR_HTTP_PORT", $"{process.HttpPort}"), new("DAPR_GRPC_PORT", $"{process.GrpcPort}")]);
        builder.Services.AddDaprWorkflow(options =>
        {
            options.RegisterWorkflow<int, int>(Workflow, async (context, input) =>
            {
                await context.CreateTimer(TimeSpan.FromMilliseconds(1));
                return await context.CallActivityAsync<int>("Add", await context.CallActivityAsync<int>("Add", input));
            });
            options.RegisterWorkflow<int, int>(WaitingWorkflow, (context, input) =>
                context.WaitForExternalEventAsync<int>("go", TimeSpan.FromDays(input)));
            options.RegisterActivity<int, int>("Add", (_, input) => Task.FromResult(input + 1));
        });
        var soak = new SoakApp(builder.Build(), new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{process.HttpPort}") });
        soak.Map();
        await soak.app.StartAsync();
        return soak;
    }

    public async ValueTask DisposeAsync()
    {
        await app.StopAsync();
        await app.DisposeAsync();
        sidecar.Dispose();
    }

    private void Map()
    {
        app.MapGet("/dapr/config", () => Results.Text("""{"entities":["Counter"]}""", "application/json"));
        app.MapGet("/dapr/subscribe", () => Results.Text("""[{"pubsubname":"pubsub","topic":"soak","route":"/event"}]""", "application/json"));
        app.MapPost("/event", () => { Interlocked.Increment(ref delivered); });
        app.MapPost("/echo", async context =>
        {
            context.Response.ContentType = context.Request.ContentType;
            await context.Request.Body.CopyToAsync(context.Response.Body);
        });
        app.MapPut("/actors/Counter/{id}/method/add", AddAsync);
        app.MapPut("/actors/Counter/{id}/method/{kind}/{name}", () => Results.Ok());
        app.MapDelete("/actors/Counter/{id}", () => Results.Ok());
    }

    /// <summary>One more; the count is the actor's state.</summary>
    private async Task<IResult> AddAsync(string id)
    {
        using var stored = await sidecar.GetAsync(new Uri($"/v1.0/actors/Counter/{id}/state/count", UriKind.Relative));
        var text = await stored.Content.ReadAsStringAsync();
        var count = 1 + (text.Length == 0 ? 0 : int.Parse(text, CultureInfo.InvariantCulture));
        object[] upsert = [new { operation = "upsert", request = new { key = "count", value = count } }];
        using var written = await sidecar.PostAsJsonAsync(new Uri($"/v1.0/actors/Counter/{id}/state", UriKind.Relative), upsert);
        written.EnsureSuccessStatusCode();
        return Results.Text(count.ToString(CultureInfo.InvariantCulture));
    }
}
