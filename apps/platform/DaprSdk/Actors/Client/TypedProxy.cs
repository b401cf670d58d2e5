using System.Collections.Concurrent;
using System.Reflection;
using Dapr.Actors.Remoting;

namespace Dapr.Actors.Client;

/// <summary>Turns calls of an actor interface's methods into typed calls. Derived at run time per interface.</summary>
#pragma warning disable CA1852 // Derived at run time.
internal class TypedProxy : DispatchProxy, IActorProxy
#pragma warning restore CA1852
{
    private static readonly ConcurrentDictionary<Type, Dictionary<MethodInfo, (ActorMethod Method, Call Call)>> Calls = new();
    private static readonly MethodInfo WithResult =
        typeof(TypedProxy).GetMethod(nameof(CallAsync), BindingFlags.NonPublic | BindingFlags.Static)!;

    private Dictionary<MethodInfo, (ActorMethod Method, Call Call)> _calls = null!;
    private SidecarActors _sidecar = null!;
    private BodySerializer _bodies = null!;

    private delegate Task Call(TypedProxy proxy, ActorMethod method, object?[] arguments);

    public ActorId ActorId { get; private set; } = null!;

    public string ActorType { get; private set; } = null!;

    public static object Create(
        Type actorInterface, ActorId actorId, string actorType, SidecarActors sidecar, BodySerializer bodies)
    {
        var calls = Calls.GetOrAdd(actorInterface, static type =>
            ActorMethod.OfAll(type).ToDictionary(m => m.Info, m => (m, CallOf(m))));
        var proxy = (TypedProxy)DispatchProxy.Create(actorInterface, typeof(TypedProxy));
        proxy._calls = calls;
        proxy._sidecar = sidecar;
        proxy._bodies = bodies;
        proxy.ActorId = actorId;
        proxy.ActorType = actorType;
        return proxy;
    }

    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args)
    {
        var (method, call) = _calls[targetMethod!];
        return call(this, method, args ?? []);
    }

    private static Call CallOf(ActorMethod method) => method.ResultType is { } result
        ? WithResult.MakeGenericMethod(result).CreateDelegate<Call>()
        : static (proxy, m, arguments) => proxy.SendAsync(m, arguments);

    private static async Task<T> CallAsync<T>(TypedProxy proxy, ActorMethod method, object?[] arguments) =>
        (T)(await proxy.SendAsync(method, arguments) ?? default(T))!;

    private async Task<object?> SendAsync(ActorMethod method, object?[] arguments)
    {
        var token = method.TakesCancellation ? (CancellationToken)arguments[^1]! : CancellationToken.None;
        var wrapper = method.Request?.Pack(arguments);
        var header = RemotingXml.Write(new RemotingRequestHeader
        {
            InterfaceId = method.InterfaceId,
            MethodId = method.MethodId,
            ActorId = ActorId,
            ActorType = ActorType,
            MethodName = method.Name,
            CallContext = Guid.NewGuid().ToString(),
        });
        var (body, error) = await _sidecar.InvokeAsync(
            ActorType, ActorId.GetId(), method.Name,
            wrapper is null ? null : _bodies.Write(wrapper), "application/octet-stream; charset=utf-8", header, token);
        if (error is not null)
            throw RemotingXml.ReadException(error, body);
        return method.Response is { } response && _bodies.Read(body, response.Type) is { } result
            ? response.Unpack(result)[0]
            : null;
    }
}
