using System.Reflection;
using Dapr.Actors.Client;
using Microsoft.Extensions.Logging;

namespace Dapr.Actors.Runtime;

/// <summary>
/// The base of actors. Calls come one at a time; state that a method changed is saved as one transaction after it
/// returned, and forgotten when it threw.
/// </summary>
public abstract class Actor
{
    protected Actor(ActorHost host)
    {
        ArgumentNullException.ThrowIfNull(host);
        Host = host;
        StateManager = new ActorStateManager(this);
        Logger = host.LoggerFactory.CreateLogger(GetType());
    }

    public ActorId Id => Host.Id;

    public ActorHost Host { get; }

    public IActorProxyFactory ProxyFactory => Host.ProxyFactory;

    public IActorStateManager StateManager { get; protected set; }

    protected ILogger Logger { get; }

    private string TypeName => Host.ActorTypeInfo.ActorTypeName;

    public Task<ActorTimer> RegisterTimerAsync(
        string timerName, string callback, byte[]? callbackParams, TimeSpan dueTime, TimeSpan period) =>
        RegisterTimerAsync(timerName, callback, callbackParams, dueTime, period, (TimeSpan?)null);

    /// <summary>
    /// Calls the method <paramref name="callback"/> of this class (returning <see cref="Task"/>, taking nothing or the
    /// bytes given here) in a turn of its own, until the time to live is over or this sidecar stops.
    /// </summary>
    /// <exception cref="ArgumentException">There is no such method, or not of that shape.</exception>
    public Task<ActorTimer> RegisterTimerAsync(
        string timerName, string callback, byte[]? callbackParams, TimeSpan dueTime, TimeSpan period, TimeSpan ttl) =>
        RegisterTimerAsync(timerName, callback, callbackParams, dueTime, period, (TimeSpan?)ttl);

    internal async Task OnActivateInternalAsync()
    {
        await StateManager.ClearCacheAsync();
        await OnActivateAsync();
        await SaveStateAsync();
    }

    internal async Task OnDeactivateInternalAsync()
    {
        await StateManager.ClearCacheAsync();
        await OnDeactivateAsync();
    }

    internal Task OnPreActorMethodInternalAsync(ActorMethodContext context) => OnPreActorMethodAsync(context);

    internal async Task OnPostActorMethodInternalAsync(ActorMethodContext context)
    {
        await OnPostActorMethodAsync(context);
        await SaveStateAsync();
    }

    internal async Task OnActorMethodFailedInternalAsync(ActorMethodContext context, Exception e)
    {
        await OnActorMethodFailedAsync(context, e);
        await StateManager.ClearCacheAsync();
    }

    protected virtual Task OnActivateAsync() => Task.CompletedTask;

    protected virtual Task OnDeactivateAsync() => Task.CompletedTask;

    protected virtual Task OnPreActorMethodAsync(ActorMethodContext actorMethodContext) => Task.CompletedTask;

    protected virtual Task OnPostActorMethodAsync(ActorMethodContext actorMethodContext) => Task.CompletedTask;

    protected virtual Task OnActorMethodFailedAsync(ActorMethodContext actorMethodContext, Exception e) =>
        Task.CompletedTask;

    protected Task SaveStateAsync() => StateManager.SaveStateAsync();

    protected Task<IActorReminder> RegisterReminderAsync(
        string reminderName, byte[]? state, TimeSpan dueTime, TimeSpan period) =>
        RegisterAsync(new ActorReminder(TypeName, Id, reminderName, state, dueTime, period));

    protected Task<IActorReminder> RegisterReminderAsync(
        string reminderName, byte[]? state, TimeSpan dueTime, TimeSpan period, TimeSpan ttl) =>
        RegisterAsync(new ActorReminder(TypeName, Id, reminderName, state, dueTime, period, ttl));

    protected Task<IActorReminder> RegisterReminderAsync(
        string reminderName, byte[]? state, TimeSpan dueTime, TimeSpan period, int repetitions) =>
        RegisterAsync(new ActorReminder(TypeName, Id, reminderName, state, dueTime, period, repetitions));

    protected Task<IActorReminder> RegisterReminderAsync(
        string reminderName, byte[]? state, TimeSpan dueTime, TimeSpan period, int repetitions, TimeSpan ttl) =>
        RegisterAsync(new ActorReminder(TypeName, Id, reminderName, state, dueTime, period, repetitions, ttl));

    /// <exception cref="DaprApiException">There is no such reminder.</exception>
    protected Task<IActorReminder> GetReminderAsync(string reminderName) =>
        Host.TimerManager.GetReminderAsync(new ActorReminderToken(TypeName, Id, reminderName));

    protected Task UnregisterReminderAsync(IActorReminder reminder)
    {
        ArgumentNullException.ThrowIfNull(reminder);
        return UnregisterReminderAsync(reminder.Name);
    }

    protected Task UnregisterReminderAsync(string reminderName) =>
        Host.TimerManager.UnregisterReminderAsync(new ActorReminderToken(TypeName, Id, reminderName));

    protected Task UnregisterTimerAsync(ActorTimer timer) => Host.TimerManager.UnregisterTimerAsync(timer);

    protected Task UnregisterTimerAsync(string timerName) =>
        Host.TimerManager.UnregisterTimerAsync(new ActorTimerToken(TypeName, Id, timerName));

    private async Task<IActorReminder> RegisterAsync(ActorReminder reminder)
    {
        await Host.TimerManager.RegisterReminderAsync(reminder);
        return reminder;
    }

    private async Task<ActorTimer> RegisterTimerAsync(
        string timerName, string callback, byte[]? data, TimeSpan dueTime, TimeSpan period, TimeSpan? ttl)
    {
        TimerCallbacks.Check(Host.ActorTypeInfo.ImplementationType, callback);
        var name = string.IsNullOrEmpty(timerName) ? $"{Id}_Timer_{Guid.NewGuid()}" : timerName;
        var timer = new ActorTimer(TypeName, Id, name, callback, data, dueTime, period, ttl);
        await Host.TimerManager.RegisterTimerAsync(timer);
        return timer;
    }
}

/// <summary>Finds the methods timers call.</summary>
internal static class TimerCallbacks
{
    private const BindingFlags Any =
        BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static;

    public static MethodInfo Check(Type actor, string callback)
    {
        var method = Find(actor, callback)
            ?? throw new ArgumentException(
                $"Timer callback method: {callback} does not exist in the Actor class: {actor.Name}", nameof(callback));
        if (method.GetParameters().Length > 1)
            throw new ArgumentException("Timer callback can accept only zero or one parameters", nameof(callback));
        if (method.ReturnType != typeof(Task))
            throw new ArgumentException("Timer callback can only return type Task", nameof(callback));
        return method;
    }

    private static MethodInfo? Find(Type actor, string callback)
    {
        try
        {
            return actor.GetMethod(callback, Any);
        }
        catch (AmbiguousMatchException e)
        {
            throw new ArgumentException($"Timer callback method: {callback} cannot be overloaded.", nameof(callback), e);
        }
    }
}
