using System.Collections.Concurrent;
using System.Net;
using System.Text.Json;
using Dapr.Actors;
using Dapr.Actors.Client;
using Dapr.Actors.Runtime;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace ConcertDapr.Tests.Actors;

/// <summary>An app with actors, a sidecar before it, and proxies that call through the sidecar.</summary>
internal sealed class ActorWorld : IAsyncDisposable
{
    private ActorProxyFactory _proxies = null!;

    public string Id { get; } = Guid.NewGuid().ToString();

    public TestApp App { get; private set; } = null!;

    public PassingSidecar Sidecar { get; } = new();

    public static async Task<ActorWorld> StartAsync(bool json = false)
    {
        var world = new ActorWorld();
        var address = await world.Sidecar.StartAsync();
        world.App = await TestApp.StartAsync(app => app.MapActorsHandlers(), services =>
        {
            services.AddScoped(_ => new Scoped(world.Id));
            services.AddActors(options =>
            {
                options.HttpEndpoint = address;
                options.UseJsonSerialization = json;
                options.ActorIdleTimeout = TimeSpan.FromHours(1);
                options.DrainOngoingCallTimeout = TimeSpan.FromSeconds(30);
                options.Actors.RegisterActor<Room>();
                options.Actors.RegisterActor<Other>(new ActorRuntimeOptions
                {
                    ActorIdleTimeout = TimeSpan.FromMinutes(10),
                    ReentrancyConfig = new ActorReentrancyConfig { Enabled = true, MaxStackDepth = 3 },
                });
            });
        });
        world.Sidecar.App = world.App.Http;
        world._proxies = new ActorProxyFactory(new ActorProxyOptions { HttpEndpoint = address, UseJsonSerialization = json });
        return world;
    }

    public T Proxy<T>(string id)
        where T : IActor => _proxies.CreateActorProxy<T>(new ActorId(id), "Room");

    public ActorProxy Weak(string id) => _proxies.Create(new ActorId(id), "Room");

    public async ValueTask DisposeAsync()
    {
        await App.DisposeAsync();
        await Sidecar.DisposeAsync();
    }
}

/// <summary>Passes method calls to the app as the sidecar does, keeps actor state, and remembers the rest.</summary>
internal sealed class PassingSidecar : IAsyncDisposable
{
    private readonly ConcurrentDictionary<string, string> _state = new();
    private TestApp _server = null!;

    public HttpClient App { get; set; } = null!;

    public List<string> Transactions { get; } = [];

    public Dictionary<string, string> Puts { get; } = [];

    public Dictionary<string, string> Gets { get; } = [];

    public string LastCall { get; private set; } = "";

    public string? LastHeader { get; private set; }

    public bool RefuseState { get; set; }

    public HttpStatusCode? Refuse { get; set; }

    public async Task<string> StartAsync()
    {
        _server = await TestApp.StartAsync(app =>
        {
            app.MapPut("/v1.0/actors/{type}/{id}/method/{method}", PassAsync);
            app.MapGet("/v1.0/actors/{type}/{id}/state/{key}", (string id, string key) =>
                _state.TryGetValue($"{id}/{key}", out var value) ? Results.Text(value, "application/json") : Results.NoContent());
            app.MapPut("/v1.0/actors/{type}/{id}/state", SaveAsync);
            app.MapPut("/v1.0/actors/{type}/{id}/{kind}/{name}", async (string kind, string name, HttpRequest request) =>
            {
                Puts[$"{kind}/{name}"] = await new StreamReader(request.Body).ReadToEndAsync();
                return Results.NoContent();
            });
            app.MapGet("/v1.0/actors/{type}/{id}/{kind}/{name}", (string kind, string name) =>
                Gets.TryGetValue($"{kind}/{name}", out var body)
                    ? Results.Text(body, "application/json")
                    : Results.Json(new { errorCode = "ERR_ACTOR_REMINDER_NOT_FOUND", message = "gone" }, statusCode: 404));
        });
        return _server.Address.ToString();
    }

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    private async Task<IResult> PassAsync(string type, string id, string method, HttpContext context)
    {
        if (Refuse is { } status)
            return Results.StatusCode((int)status);
        var header = context.Request.Headers["X-DaprRequestHeader"].ToString();
        LastHeader = header;
        LastCall = $"{context.Request.Method} {context.Request.Path} type={context.Request.ContentType} header={header.Length > 0}";
        using var request = new HttpRequestMessage(HttpMethod.Put, $"/actors/{type}/{id}/method/{method}") { Content = new StreamContent(context.Request.Body) };
        if (header.Length > 0)
            request.Headers.Add("X-DaprRequestHeader", header);
        using var answer = await App.SendAsync(request);
        if (answer.StatusCode != HttpStatusCode.OK)
            return Results.Json(new { errorCode = "ERR_ACTOR_INVOKE_METHOD", message = "error invoke actor method" }, statusCode: 500);
        if (answer.Headers.TryGetValues("X-DaprErrorResponseHeader", out var error))
            context.Response.Headers["X-Daprerrorresponseheader"] = error.First();
        return Results.Bytes(await answer.Content.ReadAsByteArrayAsync());
    }

    private async Task<IResult> SaveAsync(string id, HttpRequest request)
    {
        if (RefuseState)
            return Results.Json(new { errorCode = "ERR_ACTOR_STATE_TRANSACTION_SAVE", message = "no" }, statusCode: 500);
        var body = await new StreamReader(request.Body).ReadToEndAsync();
        Transactions.Add(body);
        foreach (var operation in JsonDocument.Parse(body).RootElement.EnumerateArray().Select(o => o.GetProperty("request")))
            _state[$"{id}/{operation.GetProperty("key").GetString()}"] = operation.GetProperty("value").GetRawText();
        return Results.NoContent();
    }
}
