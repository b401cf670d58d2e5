using System.Collections.Concurrent;
using System.Reflection;
using System.Text.Json;
using Dapr.Actors.Client;
using Dapr.Actors.Remoting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Dapr.Actors.Runtime;

/// <summary>
/// The actors of one type: makes them on their first call, each in a service scope of its own, and runs calls, timers and
/// reminders in them. That calls come one at a time is the sidecar's doing.
/// </summary>
internal sealed class ActorTypeHost(
    ActorTypeInformation type, ActorRuntimeOptions options, SidecarActors sidecar, IActorProxyFactory proxies,
    ILoggerFactory loggers, IServiceProvider services)
{
    private static readonly ActorMethodContext Reminder = new("ReceiveReminderAsync", ActorCallType.ReminderMethod);
    private static readonly ActorMethodContext Timer = new("FireTimerAsync", ActorCallType.TimerMethod);

    private readonly ConcurrentDictionary<string, ActiveActor> _active = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, Func<Actor, byte[], Task>> _callbacks = new(StringComparer.Ordinal);
    private readonly SidecarTimerManager _timers = new(sidecar);
    private readonly BodySerializer _bodies =
        options.UseJsonSerialization ? BodySerializer.Json(options.JsonSerializerOptions) : BodySerializer.Binary;

    private readonly ObjectFactory _create = ActivatorUtilities.CreateFactory(type.ImplementationType, [typeof(ActorHost)]);
    private readonly Dictionary<(int, int), ActorMethod> _methodsById =
        Methods(type).ToDictionary(m => (m.InterfaceId, m.MethodId));

    private readonly Dictionary<string, ActorMethod> _methodsByName = Methods(type).ToDictionary(m => m.Name);

    /// <summary>A typed call; the answer is the wrapped result, empty without one.</summary>
    public async Task<byte[]> InvokeTypedAsync(string id, string header, byte[] body, CancellationToken token)
    {
        var call = RemotingXml.Read<RemotingRequestHeader>(header);
        if (!_methodsById.TryGetValue((call.InterfaceId, call.MethodId), out var method))
            throw new MissingMethodException($"Actor type '{type.ActorTypeName}' has no method {call.MethodId} "
                + $"('{call.MethodName}') in an interface {call.InterfaceId}.");

        var arguments = method.Request is { } request && _bodies.Read(body, request.Type) is { } wrapper
            ? request.Unpack(wrapper)
            : [];
        return await RunAsync(id, new ActorMethodContext(method.Name, ActorCallType.ActorInterfaceMethod), async actor =>
        {
            var running = method.CallAsync(actor, arguments, token);
            await running;
            return method.Response is { } response ? _bodies.Write(response.Pack([method.ResultOf(running)])) : [];
        });
    }

    /// <summary>A call by name with at most one JSON argument; the answer is the result's JSON, empty without one.</summary>
    public async Task<byte[]> InvokeAsync(string id, string name, byte[] body, CancellationToken token)
    {
        if (!_methodsByName.TryGetValue(name, out var method))
            throw new MissingMethodException($"Actor type doesn't contain method {name}");
        return await RunAsync(id, new ActorMethodContext(name, ActorCallType.ActorInterfaceMethod), async actor =>
        {
            var running = method.CallAsync(actor, Arguments(method, body), token);
            await running;
            return method.ResultType is { } result
                ? JsonSerializer.SerializeToUtf8Bytes(method.ResultOf(running), result, options.JsonSerializerOptions)
                : [];
        });
    }

    public async Task RemindAsync(string id, string name, byte[] body)
    {
        if (!type.IsRemindable)
            return;
        var tick = Tick.Read(body) ?? new Tick([], "", TimeSpan.Zero, TimeSpan.Zero);
        await RunAsync(id, Reminder, async actor =>
        {
            await ((IRemindable)actor).ReceiveReminderAsync(name, tick.Data, tick.DueTime, tick.Period);
            return true;
        });
    }

    public async Task FireTimerAsync(string id, byte[] body)
    {
        var tick = Tick.Read(body) ?? throw new JsonException("A timer's tick must name its callback.");
        var callback = _callbacks.GetOrAdd(tick.Callback, FindCallback);
        await RunAsync(id, Timer, async actor =>
        {
            await callback(actor, tick.Data);
            return true;
        });
    }

    public async Task DeactivateAsync(string id)
    {
        if (_active.TryRemove(id, out var actor))
            await EndAsync(actor);
    }

    private async Task<T> RunAsync<T>(string id, ActorMethodContext context, Func<Actor, Task<T>> turn)
    {
        if (!_active.TryGetValue(id, out var active))
            active = await ActivateAsync(id);
        var actor = active.Actor;
        var state = Reentrancy.Id is null ? null : actor.StateManager as ActorStateManager;
        state?.Isolate(true);
        try
        {
            await actor.OnPreActorMethodInternalAsync(context);
            var result = await turn(actor);
            await actor.OnPostActorMethodInternalAsync(context);
            return result;
        }
        catch (Exception e)
        {
            await actor.OnActorMethodFailedInternalAsync(context, e);
            throw;
        }
        finally
        {
            state?.Isolate(false);
        }
    }

    private async Task<ActiveActor> ActivateAsync(string id)
    {
        var actorId = new ActorId(id);
        var host = new ActorHost(type, actorId, options.JsonSerializerOptions, loggers, proxies, _timers)
        {
            StateStore = new SidecarActorStateStore(sidecar, type.ActorTypeName, actorId, options.JsonSerializerOptions),
        };
        var scope = services.CreateAsyncScope();
        var created = await CreateAsync(scope, host);
        var active = _active.GetOrAdd(id, created);
        if (!ReferenceEquals(active, created))
            await EndAsync(created);
        return active;
    }

    private async Task<ActiveActor> CreateAsync(AsyncServiceScope scope, ActorHost host)
    {
        try
        {
            var actor = new ActiveActor((Actor)_create(scope.ServiceProvider, [host]), scope);
            await actor.Actor.OnActivateInternalAsync();
            return actor;
        }
        catch
        {
            await scope.DisposeAsync();
            throw;
        }
    }

    private static async Task EndAsync(ActiveActor active)
    {
        try
        {
            await active.Actor.OnDeactivateInternalAsync();
        }
        finally
        {
            if (active.Actor is IAsyncDisposable asynchronous)
                await asynchronous.DisposeAsync();
            else if (active.Actor is IDisposable disposable)
                disposable.Dispose();
            await active.Scope.DisposeAsync();
        }
    }

    private object?[] Arguments(ActorMethod method, byte[] body) => method.ArgumentTypes.Count switch
    {
        0 => [],
        1 => [JsonSerializer.Deserialize(body, method.ArgumentTypes[0], options.JsonSerializerOptions)],
        _ => throw new ArgumentException($"Method {method.Info.DeclaringType!.Name}.{method.Name} has more than one "
            + "parameter and can't be invoked through http"),
    };

    private Func<Actor, byte[], Task> FindCallback(string name)
    {
        var method = TimerCallbacks.Check(type.ImplementationType, name);
        return (method.IsStatic, method.GetParameters().Length) switch
        {
            (false, 0) => Bind(method),
            (false, _) => BindWithData(method),
            (true, 0) => (_, _) => (Task)method.Invoke(null, null)!,
            (true, _) => (_, data) => (Task)method.Invoke(null, [data])!,
        };
    }

    private static Func<Actor, byte[], Task> Bind(MethodInfo method) =>
        (actor, _) => method.CreateDelegate<Func<Task>>(actor)();

    private static Func<Actor, byte[], Task> BindWithData(MethodInfo method) =>
        (actor, data) => method.CreateDelegate<Func<byte[], Task>>(actor)(data);

    private static IEnumerable<ActorMethod> Methods(ActorTypeInformation type) =>
        type.InterfaceTypes.SelectMany(ActorMethod.Of).DistinctBy(m => m.Info);

    private sealed record ActiveActor(Actor Actor, AsyncServiceScope Scope);
}
