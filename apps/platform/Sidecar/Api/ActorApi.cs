using ConcertDapr.Sidecar.Actors;
using ConcertDapr.Sidecar.Invocation;
using ConcertDapr.Sidecar.State;
using Grpc.Core;

namespace ConcertDapr.Sidecar.Api;

/// <summary>The actor API over any protocol. Throws <see cref="DaprError"/>.</summary>
internal sealed class ActorApi(SidecarRuntime runtime)
{
    private static readonly char[] Forbidden = ['/', '\\', '#', '?'];

    private ActorRuntime Actors => runtime.Actors;

    public async Task<ActorReply> InvokeAsync(ActorCall call, string method, CancellationToken cancellationToken)
    {
        CheckName(call.Actor.Type, "invalid actorType: name");
        CheckName(call.Actor.Id, "invalid actorId: name");
        if (method.IndexOfAny(['?', '#', '\\']) >= 0 || method.Any(char.IsControl)) throw BadRequest($"method contains forbidden character: \"{method}\"");
        if (call.Actor.Id.Contains('%'))
            throw InvokeFailed($"parse \"{runtime.App.BaseAddress}/actors/{call.Actor}/method/{method}\": invalid URL escape", null);
        try
        {
            return await Actors.CallAsync(call, cancellationToken);
        }
        catch (ActorCallException e) when (e.StackTooDeep)
        {
            throw new DaprError(500, "ERR_ACTOR_STACK_DEPTH", StatusCode.Internal, "maximum stack depth exceeded", e);
        }
        catch (Exception e) when (StateApi.IsFailure(e, cancellationToken))
        {
            throw InvokeFailed(e.Message, e);
        }
    }

    /// <summary>The item, or null.</summary>
    public async Task<StateItem?> GetStateAsync(ActorKey actor, string name, CancellationToken cancellationToken)
    {
        CheckReserved(actor);
        if (Actors.State.Component is null)
            throw new DaprError(500, "ERR_ACTOR_RUNTIME_NOT_FOUND", StatusCode.Internal, "the state store is not configured to use the actor runtime. Have you set the - name: actorStateStore value: \"true\" in your state store component file?");
        try
        {
            return await Actors.State.GetAsync(actor, name, cancellationToken);
        }
        catch (Exception e) when (StateApi.IsFailure(e, cancellationToken))
        {
            throw new DaprError(500, "ERR_ACTOR_STATE_GET", StatusCode.Internal, $"error getting actor state: {e.Message}", e);
        }
    }

    /// <exception cref="DaprError">Among others: the actor is not active here.</exception>
    public async Task TransactAsync(ActorKey actor, Func<StateComponent, IReadOnlyList<StateOperation>> operations, CancellationToken cancellationToken)
    {
        CheckReserved(actor);
        if (Actors.State.Component is not { } component || !Actors.State.IsActive(actor))
            throw new DaprError(400, "ERR_ACTOR_INSTANCE_MISSING", StatusCode.Internal, "actor instance is missing");
        try
        {
            await Actors.State.TransactAsync(actor, operations(component), cancellationToken);
        }
        catch (Exception e) when (StateApi.IsFailure(e, cancellationToken))
        {
            throw new DaprError(500, "ERR_ACTOR_STATE_TRANSACTION_SAVE", StatusCode.Internal, $"error saving actor transaction state: {e.Message}", e);
        }
    }

    public void CreateTimer(ScheduleRequest request)
    {
        CheckReserved(request.Actor);
        CheckName(request.Name, "name");
        if (!Actors.Hosts(request.Actor.Type))
            throw TimerFailed($"can't create timer for actor {request.Actor.Type}||{request.Actor.Id}: actor type not registered", null);
        try
        {
            Actors.Timers.Create(request);
        }
        catch (FormatException e)
        {
            throw TimerFailed(e.Message, e);
        }
    }

    public void DeleteTimer(ActorKey actor, string name)
    {
        CheckReserved(actor);
        Actors.Timers.Delete(actor, name);
    }

    /// <summary>Stores and schedules a reminder, at whichever sidecar hosts the actor.</summary>
    public async Task CreateReminderAsync(ScheduleRequest request, CancellationToken cancellationToken)
    {
        Reminders(request.Actor);
        CheckName(request.Name, "name");
        CheckJob(request.Actor, request.Name, "ERR_ACTOR_REMINDER_CREATE", "error creating actor reminder: ");
        bool created;
        try
        {
            created = await Actors.CreateReminderAsync(request, cancellationToken);
        }
        catch (Exception e) when (StateApi.IsFailure(e, cancellationToken))
        {
            throw new DaprError(500, "ERR_ACTOR_REMINDER_CREATE", StatusCode.Internal, $"error creating actor reminder: {e.Message}", e);
        }
        if (!created)
            throw new DaprError(409, "ERR_ACTOR_REMINDER_ALREADY_EXISTS", StatusCode.AlreadyExists, $"actor reminder already exists: {request.Name}");
    }

    public async Task<Reminder> GetReminderAsync(ActorKey actor, string name, CancellationToken cancellationToken)
    {
        var reminders = Reminders(actor);
        CheckJob(actor, name, "ERR_ACTOR_REMINDER_GET", "error getting actor reminder: api error: code = Internal desc = failed to get job due to: ");
        try
        {
            return await reminders.GetAsync(actor, name, cancellationToken)
                ?? throw new DaprError(404, "ERR_ACTOR_REMINDER_NOT_FOUND", StatusCode.NotFound, $"actor reminder not found: {name}");
        }
        catch (Exception e) when (StateApi.IsFailure(e, cancellationToken))
        {
            throw new DaprError(500, "ERR_ACTOR_REMINDER_GET", StatusCode.Internal, $"error getting actor reminder: {e.Message}", e);
        }
    }

    public async Task DeleteReminderAsync(ActorKey actor, string name, CancellationToken cancellationToken)
    {
        Reminders(actor);
        CheckJob(actor, name, "ERR_ACTOR_REMINDER_DELETE", "error deleting actor reminder: ");
        try
        {
            await Actors.DeleteReminderAsync(actor, name, cancellationToken);
        }
        catch (Exception e) when (StateApi.IsFailure(e, cancellationToken))
        {
            throw new DaprError(500, "ERR_ACTOR_REMINDER_DELETE", StatusCode.Internal, $"error deleting actor reminder: {e.Message}", e);
        }
    }

    /// <exception cref="DaprError">The app does not host this type.</exception>
    private ActorReminders Reminders(ActorKey actor)
    {
        CheckReserved(actor);
        return Actors.Hosts(actor.Type) && Actors.Reminders is { } reminders
            ? reminders
            : throw new DaprError(403, "ERR_ACTOR_REMINDER_NON_HOSTED", StatusCode.PermissionDenied,
                "operations on actor reminders are only possible on hosted actor types");
    }

    private static void CheckReserved(ActorKey actor)
    {
        if (actor.Type.StartsWith("dapr.internal.", StringComparison.Ordinal))
            throw new DaprError(403, "ERR_ACTOR_TYPE_RESERVED", StatusCode.PermissionDenied, $"actor type {actor.Type} is reserved");
    }

    private static void CheckName(string name, string what)
    {
        if (name is "." or "..") throw BadRequest($"{what} is a path traversal sequence: \"{name}\"");
        if (name.IndexOfAny(Forbidden) >= 0 || name.Any(char.IsControl)) throw BadRequest($"{what} contains forbidden character: \"{name}\"");
    }

    private void CheckJob(ActorKey actor, string name, string errorCode, string prefix)
    {
        if ($"{actor.Id}{name}".IndexOfAny(Forbidden) < 0) return;
        throw new DaprError(500, errorCode, StatusCode.Internal,
            $"{prefix}rpc error: code = Unknown desc = job name is invalid \"actorreminder||{runtime.Namespace}||{actor.Type}||{actor.Id}||{name}\": must not contain '/', '\\', '#' or '?'");
    }

    private static DaprError BadRequest(string message) =>
        new(400, "ERR_BAD_REQUEST", StatusCode.InvalidArgument, $"invalid request: {message}");

    private static DaprError InvokeFailed(string reason, Exception? inner) =>
        new(500, "ERR_ACTOR_INVOKE_METHOD", StatusCode.Internal, $"error invoke actor method: {reason}", inner);

    private static DaprError TimerFailed(string reason, Exception? inner) =>
        new(500, "ERR_ACTOR_TIMER_CREATE", StatusCode.Internal, $"error creating actor timer: {reason}", inner);
}
