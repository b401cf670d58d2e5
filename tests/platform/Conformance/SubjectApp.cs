using System.Collections.Concurrent;
using System.Text.Json;
using System.Threading.Channels;
using Dapr;
using Dapr.Actors;
using Dapr.Actors.Runtime;
using Dapr.DistributedLock.Extensions;
using Dapr.Workflow;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace ConcertDapr.Tests;

/// <summary>What reached the app.</summary>
public sealed class AppLog
{
    private readonly ConcurrentDictionary<string, Channel<string>> _events = new();

    public ConcurrentDictionary<string, int> Attempts { get; } = new();

    public void Add(string key, string what) => Of(key).Writer.TryWrite(what);

    /// <summary>The next thing that reached the app under this key; fails after 15 s.</summary>
    public async Task<string> NextAsync(string key)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        return await Of(key).Reader.ReadAsync(patience.Token);
    }

    private Channel<string> Of(string key) => _events.GetOrAdd(key, _ => Channel.CreateUnbounded<string>());
}

/// <summary>The app behind the sidecar: subscriptions, endpoints to invoke, an actor and workflows.</summary>
public sealed class SubjectApp : IAsyncDisposable
{
    private readonly WebApplication _app;

    private SubjectApp(WebApplication app) => _app = app;

    public IServiceProvider Services => _app.Services;

    public static async Task<SubjectApp> StartAsync(int port, string httpEndpoint, string grpcEndpoint)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls($"http://127.0.0.1:{port}");
        builder.Configuration.AddInMemoryCollection([new("DAPR_HTTP_ENDPOINT", httpEndpoint), new("DAPR_GRPC_ENDPOINT", grpcEndpoint)]);
        builder.Services.AddSingleton<AppLog>();
        builder.Services.AddDaprClient();
        builder.Services.AddDaprDistributedLock((_, b) => b.UseGrpcEndpoint(grpcEndpoint), ServiceLifetime.Singleton);
        builder.Services.AddActors(options => options.Actors.RegisterActor<Counter>());
        builder.Services.AddDaprWorkflow(Workflows.Register);
        var app = builder.Build();
        app.UseCloudEvents();
        app.MapSubscribeHandler();
        app.MapActorsHandlers();
        MapEvents(app);
        MapCalls(app);
        await app.StartAsync();
        return new SubjectApp(app);
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private static void MapEvents(WebApplication app)
    {
        app.MapPost("/events/orders", (JsonElement order, AppLog log) => log.Add("orders", order.GetRawText())).WithTopic(SidecarUnderTest.Bus, "orders");
        app.MapPost("/events/text", async (HttpRequest request, AppLog log) =>
            log.Add("text", $"{request.ContentType}|{await new StreamReader(request.Body).ReadToEndAsync()}")).WithTopic(SidecarUnderTest.Bus, "text");
        app.MapPost("/events/refused", (AppLog log) =>
        {
            log.Add("refused", "seen");
            return Results.Json(new { status = "DROP" });
        }).WithTopic(new TopicOptions { PubsubName = SidecarUnderTest.Bus, Name = "refused", DeadLetterTopic = "dead" });
        app.MapPost("/events/dead", (JsonElement order, AppLog log) => log.Add("dead", order.GetRawText())).WithTopic(SidecarUnderTest.Bus, "dead");
        app.MapPost("/events/gold", (JsonElement order, AppLog log) => log.Add("gold", order.GetRawText()))
            .WithTopic(new TopicOptions { PubsubName = SidecarUnderTest.Bus, Name = "graded", Match = "has(event.data.grade) && event.data.grade == \"gold\"", Priority = 1 });
        app.MapPost("/events/any", (JsonElement order, AppLog log) => log.Add("any", order.GetRawText()))
            .WithTopic(new TopicOptions { PubsubName = SidecarUnderTest.Bus, Name = "graded", Priority = 2 });
    }

    private static void MapCalls(WebApplication app)
    {
        app.MapMethods("/echo/{**rest}", ["GET", "POST", "PUT", "DELETE"], async (HttpRequest request) =>
            $"{request.Method} {request.Path}{request.QueryString} {request.Headers["x-test"]} {await new StreamReader(request.Body).ReadToEndAsync()}");
        app.MapPost("/refuse", () => Results.Problem(title: "taken", statusCode: 409));
    }
}

public interface ICounter : IActor
{
    Task<int> AddAsync(int n);

    Task<int> GetAsync();

    Task<string> FailAsync(string message);

    Task StartTimerAsync();

    Task StartReminderAsync();

    Task StopReminderAsync();
}

public sealed class Counter(ActorHost host, AppLog log) : Actor(host), ICounter, IRemindable
{
    public async Task<int> AddAsync(int n)
    {
        var now = await StateManager.GetOrAddStateAsync("n", 0);
        await Task.Yield();
        await StateManager.SetStateAsync("n", now + n);
        return now + n;
    }

    public Task<int> GetAsync() => StateManager.GetOrAddStateAsync("n", 0);

    public async Task<string> FailAsync(string message)
    {
        await StateManager.SetStateAsync("n", 1000);
        throw new InvalidOperationException(message);
    }

    public Task StartTimerAsync() =>
        RegisterTimerAsync("tick", nameof(OnTickAsync), [7], TimeSpan.FromMilliseconds(50), TimeSpan.FromMilliseconds(100), TimeSpan.FromSeconds(5));

    public Task StartReminderAsync() => RegisterReminderAsync("wake", [9], TimeSpan.FromMilliseconds(100), TimeSpan.FromSeconds(1));

    public Task StopReminderAsync() => UnregisterReminderAsync("wake");

    public Task ReceiveReminderAsync(string reminderName, byte[] state, TimeSpan dueTime, TimeSpan period)
    {
        log.Add($"remind/{Id}", $"{reminderName} {Convert.ToHexString(state)}");
        return Task.CompletedTask;
    }

    private Task OnTickAsync(byte[] data)
    {
        log.Add($"tick/{Id}", Convert.ToHexString(data));
        return Task.CompletedTask;
    }
}
