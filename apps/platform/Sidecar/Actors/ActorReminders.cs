using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text.Json;
using ConcertDapr.Sidecar.State;
using Microsoft.Extensions.Logging;

namespace ConcertDapr.Sidecar.Actors;

/// <summary>
/// Reminders: stored before they are confirmed, run by the sidecar that hosts their actor, delivered at least once.
/// Ticks missed while no host was there follow when one comes back.
/// </summary>
internal sealed class ActorReminders(
    ActorRuntime actors, IStateStore store, string appId, string @namespace, TimeProvider clock, Agenda agenda, ILogger log)
{
    private const int Attempts = 4;

    private static readonly TimeSpan AttemptPause = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<(ActorKey, string), CancellationTokenSource> running = new();

    // One change of store and running reminders at a time: a tick that ends while its reminder is deleted or replaced must
    // not write it back, and a load must not take up what has just ended.
    private readonly TurnQueue changing = new();

    /// <summary>Stores and schedules; called at the actor's host. False when it exists and may not be replaced.</summary>
    /// <exception cref="FormatException">A time, period or ttl cannot be used.</exception>
    public async Task<bool> CreateAsync(ScheduleRequest request, CancellationToken cancellationToken)
    {
        var reminder = Reminder.Create(request, clock.GetUtcNow());
        using var turn = await ChangeAsync(cancellationToken);
        if (!request.Overwrite && await store.GetAsync(KeyOf(request.Actor, request.Name), cancellationToken) is not null) return false;
        await WriteAsync(reminder, cancellationToken);
        Stop(request.Actor, request.Name);
        Run(reminder);
        return true;
    }

    public async Task<Reminder?> GetAsync(ActorKey actor, string name, CancellationToken cancellationToken) =>
        await store.GetAsync(KeyOf(actor, name), cancellationToken) is { } item ? Read(item) : null;

    /// <summary>Called at the actor's host.</summary>
    public async Task DeleteAsync(ActorKey actor, string name, CancellationToken cancellationToken)
    {
        using var turn = await ChangeAsync(cancellationToken);
        await ForgetAsync(actor, name, cancellationToken);
        Stop(actor, name);
    }

    /// <summary>Runs all stored reminders of these types whose actors are hosted here; those that moved away stop.</summary>
    public async Task LoadAsync(IReadOnlyList<string> types, CancellationToken cancellationToken)
    {
        using var turn = await ChangeAsync(cancellationToken);
        var keys = new List<string>();
        await foreach (var key in store.ListKeysAsync(Prefix, "", cancellationToken)) keys.Add(key);
        foreach (var item in await store.GetManyAsync(keys, cancellationToken))
        {
            if (item is null || Read(item) is not { } reminder || !types.Contains(reminder.Type)) continue;
            if (!actors.IsMine(reminder.Actor)) Stop(reminder.Actor, reminder.Name);
            else if (!running.ContainsKey((reminder.Actor, reminder.Name))) Run(reminder);
        }
    }

    public void StopAll()
    {
        foreach (var (actor, name) in running.Keys) Stop(actor, name);
    }

    // {appId}||reminder||{namespace}||{hash of type, id and name} → Reminder as JSON. A hash, because ids and names may
    // themselves contain the separator.
    private string Prefix => $"{appId}||reminder||{@namespace}||";

    private string KeyOf(ActorKey actor, string name) => Prefix + Convert.ToHexStringLower(
        SHA256.HashData(JsonSerializer.SerializeToUtf8Bytes([actor.Type, actor.Id, name], ReminderJson.Default.StringArray)).AsSpan(0, 16));

    private Reminder? Read(StateItem item)
    {
        try
        {
            return JsonSerializer.Deserialize(item.Data.Span, ReminderJson.Default.Reminder);
        }
        catch (JsonException e)
        {
            log.ReminderUnreadable(e.Message);
            return null;
        }
    }

    private ValueTask WriteAsync(Reminder reminder, CancellationToken cancellationToken) => ActorState.WriteAsync(store,
        [new StateSet(KeyOf(reminder.Actor, reminder.Name), JsonSerializer.SerializeToUtf8Bytes(reminder, ReminderJson.Default.Reminder), TtlSeconds: 0)],
        actors.FenceOf(reminder.Actor), cancellationToken);

    private ValueTask ForgetAsync(ActorKey actor, string name, CancellationToken cancellationToken) =>
        ActorState.WriteAsync(store, [new StateDelete(KeyOf(actor, name))], actors.FenceOf(actor), cancellationToken);

    private async Task<Change> ChangeAsync(CancellationToken cancellationToken)
    {
        await changing.EnterAsync(cancellationToken);
        return new(changing);
    }

    private void Stop(ActorKey actor, string name)
    {
        if (running.TryRemove((actor, name), out var stop)) stop.Cancel();
    }

    private void Run(Reminder reminder)
    {
        var stop = new CancellationTokenSource();
        running[(reminder.Actor, reminder.Name)] = stop;
        var item = agenda.Enter($"reminder {reminder.Name} of actor {reminder.Actor}");
        _ = Task.Run(() => RunAsync(reminder, stop, item), CancellationToken.None);
    }

    private async Task RunAsync(Reminder first, CancellationTokenSource stop, Agenda.Item item)
    {
        using var done = item;
        try
        {
            for (var reminder = first; reminder is not null;)
            {
                await item.WaitUntilAsync(reminder.NextDue, stop.Token);
                if (!actors.IsMine(reminder.Actor)) return;
                await TickAsync(reminder, item, stop.Token);
                reminder = await FinishAsync(reminder, stop.Token);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // Deleted, replaced, moved, or the sidecar stops: the store knows what is still to do.
        }
#pragma warning disable CA1031 // Nobody awaits this task; the reminder stays stored and is taken up again by the next load.
        catch (Exception e)
#pragma warning restore CA1031
        {
            log.BackgroundFailed(e, $"reminder {first.Name} of actor {first.Actor}");
        }
        finally
        {
            running.TryRemove(new KeyValuePair<(ActorKey, string), CancellationTokenSource>((first.Actor, first.Name), stop));
        }
    }

    /// <summary>
    /// Four attempts, due one second after each other from the tick's own time on (so those of a late tick follow at once), but
    /// after a second in any case when the app did not answer at all; then the tick is given up, as in daprd. With a health
    /// check of the app the reminder is stopped before that, and due again once the app is back.
    /// </summary>
    private async Task TickAsync(Reminder reminder, Agenda.Item item, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            var due = reminder.NextDue + attempt * AttemptPause;
            try
            {
                await actors.TickAsync(reminder.Actor, $"method/remind/{Invocation.PathText.Escape(reminder.Name)}",
                    TickBody.Reminder(reminder.Data), cancellationToken);
                return;
            }
            catch (ActorCallException e)
            {
                log.TickFailed("reminder", reminder.Name, reminder.Actor.ToString(), e.Message);
                if (attempt == Attempts) return;
                if (e.Cause is not null) due = clock.GetUtcNow() + AttemptPause;
            }
            await item.WaitUntilAsync(due, cancellationToken);
        }
    }

    /// <summary>Stores what is next; until that succeeds the same tick may come again after a restart, never none.</summary>
    private async Task<Reminder?> FinishAsync(Reminder reminder, CancellationToken cancellationToken)
    {
        var next = reminder.Advance();
        while (true)
        {
            try
            {
                using var turn = await ChangeAsync(cancellationToken);
                cancellationToken.ThrowIfCancellationRequested();
                // Not cancelled half-way: whoever stops the reminder waits for its turn, and writes after this.
                if (next is null) await ForgetAsync(reminder.Actor, reminder.Name, CancellationToken.None);
                else await WriteAsync(next, CancellationToken.None);
                return next;
            }
            catch (Exception e) when (e is Redis.RedisConnectionException or Redis.RedisServerException)
            {
                log.TickFailed("storing the next time of reminder", reminder.Name, reminder.Actor.ToString(), e.Message);
            }
            await Task.Delay(AttemptPause, cancellationToken);
        }
    }

    private readonly struct Change(TurnQueue changing) : IDisposable
    {
        public void Dispose() => changing.Leave();
    }
}
