using System.Globalization;
using ConcertDapr.Contracts;
using ConcertDapr.ServiceDefaults;
using ConcertDapr.ServiceDefaults.Rooms;
using Dapr;
using Dapr.Actors;
using Dapr.Actors.Runtime;

namespace ConcertDapr.Queue;

/// <summary>Fans who want in; each gets a place once.</summary>
public sealed record JoinCall(IReadOnlyList<UserId> Users);

/// <summary>Their places, in the order asked.</summary>
public sealed record JoinReply(IReadOnlyList<Ticket> Tickets, Room Room);

/// <summary>Places that were claimed, or given up.</summary>
public sealed record PlacesCall(IReadOnlyList<long> Sequences);

/// <summary>The calls an outsider makes to <see cref="WaitingRoomActor"/>. Each may be repeated.</summary>
public interface IWaitingRoomActor : IActor
{
    /// <summary>Places for fans.</summary>
    Task<JoinReply> Join(JoinCall call);

    /// <summary>Called fans showed up.</summary>
    Task<Room> Claim(PlacesCall call);

    /// <summary>Fans left, or are done.</summary>
    Task<Room> Leave(PlacesCall call);
}

/// <summary>
/// Where a waiting room (actor id = target) changes: it hands out places in batches and, on a timer, calls the next in line.
/// Every call may be repeated. A periodic reminder sees to it that the timer runs again after its sidecar died.
/// </summary>
[Actor(TypeName = TypeName)]
internal sealed class WaitingRoomActor(ActorHost host, RoomStore rooms, RoomSnapshots snapshots, EventPublisher events, TimeProvider clock,
    ILogger<WaitingRoomActor> log) : Actor(host), IWaitingRoomActor, IRemindable
{
    public const string TypeName = "WaitingRoomActor";

    private const string Door = "door";
    private const string Watchdog = "watchdog";

    private static readonly TimeSpan s_tick = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan s_watch = TimeSpan.FromSeconds(30);

    private long _announced;
    private bool _isTicking;

    private ConcertId Target => new(long.Parse(Id.GetId(), CultureInfo.InvariantCulture));

    /// <summary>A room that was left waiting goes on where it was.</summary>
    protected override Task OnActivateAsync() => OpenDoorAsync();

    /// <summary>Hands out places: remembered ones that still count, new ones otherwise; numbers leave only once they are written.</summary>
    public async Task<JoinReply> Join(JoinCall call)
    {
        var now = clock.GetUtcNow();
        var known = await rooms.TicketsAsync(Target, call.Users);
        List<UserId> wanting = [];
        var (before, after) = await rooms.UpdateAsync(Target, room =>
        {
            wanting = [.. call.Users.Where(u => !(known.TryGetValue(u, out var ticket) && StillCounts(room, u, ticket, now)))];
            // Whoever asks is here: called in this very turn or before, they need not show up once more.
            var here = call.Users.Except(wanting).Select(u => known[u].Sequence).Concat(Enumerable.Range(1, wanting.Count).Select(i => room.Issued + i));
            return here.Aggregate(room.Issue(wanting.Count).Admit(now), (r, sequence) => r.Claim(sequence, now));
        });
        var first = after.Issued - wanting.Count + 1;
        var added = wanting.Select((user, i) => (user, Ticket: new Ticket(first + i, now.ToUnixTimeSeconds()))).ToDictionary(t => t.user, t => t.Ticket);
        if (added.Count > 0) await rooms.RememberAsync(Target, added);
        if (!ReferenceEquals(before, after)) snapshots.Put(after);
        if (after.Waiting > 0) await OpenDoorAsync();
        return new([.. call.Users.Select(u => added.GetValueOrDefault(u) ?? known[u])], after);
    }

    /// <summary>Called fans showed up.</summary>
    public Task<Room> Claim(PlacesCall call) => ChangeAsync(room => call.Sequences.Aggregate(room, (r, s) => r.Claim(s, clock.GetUtcNow())));

    /// <summary>Fans left, or are done.</summary>
    public Task<Room> Leave(PlacesCall call) => ChangeAsync(room => call.Sequences.Aggregate(room, (r, s) => r.Leave(s)).Admit(clock.GetUtcNow()));

    /// <summary>One tick of the door. How many came before does not matter.</summary>
    public async Task Tick()
    {
        var room = await ChangeAsync(r => r.Admit(clock.GetUtcNow()));
        if (room.Waiting == 0) await CloseDoorAsync();
        if (room.Serving == _announced) return;
        _announced = room.Serving;
        await AnnounceAsync(room);
    }

    /// <summary>Timers die with their sidecar, so the door's is registered anew, whatever this instance believes.</summary>
    public async Task ReceiveReminderAsync(string reminderName, byte[] state, TimeSpan dueTime, TimeSpan period)
    {
        _isTicking = false;
        await OpenDoorAsync();
        await Tick();
    }

    /// <summary>The door's timer runs while somebody waits; joining admits by itself where nobody does. The reminder outlives this sidecar.</summary>
    private async Task OpenDoorAsync()
    {
        if (_isTicking) return;
        await RegisterReminderAsync(Watchdog, [], s_watch, s_watch);
        await RegisterTimerAsync(Door, nameof(Tick), [], s_tick, s_tick);
        _isTicking = true;
    }

    private async Task CloseDoorAsync()
    {
        _isTicking = false;
        await UnregisterTimerAsync(Door);
        await UnregisterReminderAsync(Watchdog);
        // A turn is no lock: somebody may have joined meanwhile and seen the door still ticking.
        if ((await rooms.UpdateAsync(Target, room => room)).After.Waiting > 0) await OpenDoorAsync();
    }

    private async Task<Room> ChangeAsync(Func<Room, Room> change)
    {
        var (before, after) = await rooms.UpdateAsync(Target, change);
        if (!ReferenceEquals(before, after)) snapshots.Put(after);
        return after;
    }

    private bool StillCounts(Room room, UserId user, Ticket ticket, DateTimeOffset now) =>
        room.StatusOf(new(Target, user, ticket.Sequence, DateTimeOffset.FromUnixTimeSeconds(ticket.IssuedAt)), now).Status
            is QueueStatus.Waiting or QueueStatus.Entered;

    // At most once a tick: readers look for themselves whenever they know of somebody newer.
    private async Task AnnounceAsync(Room room)
    {
        try
        {
            await events.PublishAsync(Topics.QueueAdvanced, $"queue:{Target}:{room.Serving}", Target.ToString(),
                new QueueAdvanced(Target, room.Serving, room.Issued, room.Active.Count));
        }
        catch (DaprException e)
        {
            // Readers poll the room; the event only hastens them.
            log.AnnouncementFailed(e, Target);
        }
    }
}
