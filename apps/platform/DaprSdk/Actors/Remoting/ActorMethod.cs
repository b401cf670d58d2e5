using System.Collections.Concurrent;
using System.Linq.Expressions;
using System.Reflection;

namespace Dapr.Actors.Remoting;

/// <summary>A method of an actor interface: its ids on the wire and compiled ways to call it.</summary>
internal sealed class ActorMethod
{
    private static readonly ConcurrentDictionary<Type, IReadOnlyList<ActorMethod>> Interfaces = new();

    private readonly Func<object, object?[], Task> _call;
    private readonly Func<Task, object?>? _result;

    private ActorMethod(MethodInfo method)
    {
        var parameters = method.GetParameters();
        var arguments = parameters.Where(p => p.ParameterType != typeof(CancellationToken)).ToList();
        Info = method;
        InterfaceId = Crc64.Low32($"{method.DeclaringType!.Namespace}{method.DeclaringType.Name}");
        MethodId = Crc64.Low32($"{method.DeclaringType.Name}{method.DeclaringType.Namespace}{method.Name}");
        TakesCancellation = parameters.Length > arguments.Count;
        ArgumentTypes = [.. arguments.Select(a => a.ParameterType)];
        Request = WrapperTypes.OfArguments(method, arguments);
        Response = WrapperTypes.OfResult(method);
        _call = Compile(method, parameters);
        _result = method.ReturnType.IsGenericType ? CompileResult(method.ReturnType) : null;
    }

    public MethodInfo Info { get; }

    public string Name => Info.Name;

    public int InterfaceId { get; }

    public int MethodId { get; }

    public bool TakesCancellation { get; }

    public IReadOnlyList<Type> ArgumentTypes { get; }

    /// <summary>The class arguments travel in; null without arguments.</summary>
    public Wrapper? Request { get; }

    /// <summary>The class the result travels in; null without result.</summary>
    public Wrapper? Response { get; }

    /// <summary>The result's type; null without result.</summary>
    public Type? ResultType => Info.ReturnType.IsGenericType ? Info.ReturnType.GenericTypeArguments[0] : null;

    /// <summary>The methods of one interface, without those it inherits.</summary>
    /// <exception cref="ArgumentException">A method cannot travel.</exception>
    public static IReadOnlyList<ActorMethod> Of(Type actorInterface) => Interfaces.GetOrAdd(actorInterface, static type =>
    {
        ActorInterfaceRules.Check(type);
        return [.. type.GetMethods().Select(m => new ActorMethod(m))];
    });

    /// <summary>The methods of an interface and of all it inherits.</summary>
    public static IEnumerable<ActorMethod> OfAll(Type actorInterface) => actorInterface.GetInterfaces()
        .Where(i => i != typeof(IActor) && typeof(IActor).IsAssignableFrom(i))
        .Prepend(actorInterface)
        .SelectMany(Of);

    public Task CallAsync(object actor, object?[] arguments, CancellationToken token) =>
        _call(actor, TakesCancellation ? [.. arguments, token] : arguments);

    /// <summary>The result of a call that has ended well; null without result.</summary>
    public object? ResultOf(Task call) => _result?.Invoke(call);

    private static Func<object, object?[], Task> Compile(MethodInfo method, ParameterInfo[] parameters)
    {
        var actor = Expression.Parameter(typeof(object));
        var arguments = Expression.Parameter(typeof(object?[]));
        var call = Expression.Call(
            Expression.Convert(actor, method.DeclaringType!),
            method,
            parameters.Select((p, i) => Expression.Convert(
                Expression.ArrayIndex(arguments, Expression.Constant(i)), p.ParameterType)));
        return Expression.Lambda<Func<object, object?[], Task>>(call, actor, arguments).Compile();
    }

    private static Func<Task, object?> CompileResult(Type taskType)
    {
        var task = Expression.Parameter(typeof(Task));
        var result = Expression.Property(Expression.Convert(task, taskType), nameof(Task<>.Result));
        return Expression.Lambda<Func<Task, object?>>(Expression.Convert(result, typeof(object)), task).Compile();
    }
}

/// <summary>What an actor interface may look like.</summary>
internal static class ActorInterfaceRules
{
    /// <exception cref="ArgumentException">The interface breaks a rule; the message names the method.</exception>
    public static void Check(Type type)
    {
        if (!type.IsInterface || !typeof(IActor).IsAssignableFrom(type))
            throw new ArgumentException(
                $"'{type.FullName}' is not an actor interface: it must derive from IActor.", nameof(type));
        if (type.IsGenericType)
            throw new ArgumentException($"The actor interface '{type.FullName}' must not be generic.", nameof(type));
        var names = new HashSet<string>();
        foreach (var method in type.GetMethods())
            if (Fault(method, names) is { } fault)
                throw new ArgumentException(
                    $"Method '{method.Name}' of actor interface '{type.FullName}' {fault}.", nameof(type));
    }

    private static string? Fault(MethodInfo method, HashSet<string> names)
    {
        var parameters = method.GetParameters();
        return method switch
        {
            _ when !names.Add(method.Name) => "is overloaded",
            { IsGenericMethod: true } => "is generic",
            _ when !IsTask(method.ReturnType) => "does not return Task or Task<>",
            _ when parameters.Any(p => p.IsOut || p.IsIn || p.IsOptional || p.ParameterType.IsByRef) =>
                "has an out, in, ref or optional parameter",
            _ when parameters.Any(p => p.IsDefined(typeof(ParamArrayAttribute), false)) => "has a params parameter",
            _ when parameters.SkipLast(1).Any(p => p.ParameterType == typeof(CancellationToken)) =>
                "has a CancellationToken that is not the last parameter",
            _ => null,
        };
    }

    private static bool IsTask(Type type) =>
        type == typeof(Task) || (type.IsGenericType && type.GetGenericTypeDefinition() == typeof(Task<>));
}
