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

    private const string Watchdog = "watchdog";

    private static readonly TimeSpan s_tick = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan s_watch = TimeSpan.FromSeconds(30);

    private ConcertId Target => new(long.Parse(Id.GetId(), CultureInfo.InvariantCulture));

    /// <summary>Timer first, then the reminder that outlives this sidecar.</summary>
    protected override async Task OnActivateAsync()
    {
        await RegisterTimerAsync("admit", nameof(Tick), [], s_tick, s_tick);
        await RegisterReminderAsync(Watchdog, [], s_watch, s_watch);
    }

    /// <summary>Hands out places: remembered ones that still count, new ones otherwise; numbers leave only once they are written.</summary>
    public async Task<JoinReply> Join(JoinCall call)
    {
        var now = clock.GetUtcNow();
        var known = await rooms.TicketsAsync(Target, call.Users);
        List<UserId> wanting = [];
        var (before, after) = await rooms.UpdateAsync(Target, room =>
        {
            wanting = [.. call.Users.Where(u => !(known.TryGetValue(u, out var ticket) && StillCounts(room, u, ticket, now)))];
            return room.Issue(wanting.Count).Admit(now);
        });
        var first = after.Issued - wanting.Count + 1;
        var added = wanting.Select((user, i) => (user, Ticket: new Ticket(first + i, now.ToUnixTimeSeconds()))).ToDictionary(t => t.user, t => t.Ticket);
        if (added.Count > 0) await rooms.RememberAsync(Target, added);
        await ShowAsync(before, after);
        return new([.. call.Users.Select(u => added.GetValueOrDefault(u) ?? known[u])], after);
    }

    /// <summary>Called fans showed up.</summary>
    public Task<Room> Claim(PlacesCall call) => ChangeAsync(room => call.Sequences.Aggregate(room, (r, s) => r.Claim(s, clock.GetUtcNow())));

    /// <summary>Fans left, or are done.</summary>
    public Task<Room> Leave(PlacesCall call) => ChangeAsync(room => call.Sequences.Aggregate(room, (r, s) => r.Leave(s)).Admit(clock.GetUtcNow()));

    /// <summary>One tick of the door. How many came before does not matter.</summary>
    public Task Tick() => ChangeAsync(room => room.Admit(clock.GetUtcNow()));

    /// <summary>Nothing to do: being called activated the actor, which started its timer.</summary>
    public Task ReceiveReminderAsync(string reminderName, byte[] state, TimeSpan dueTime, TimeSpan period) => Tick();

    private async Task<Room> ChangeAsync(Func<Room, Room> change)
    {
        var (before, after) = await rooms.UpdateAsync(Target, change);
        await ShowAsync(before, after);
        return after;
    }

    private bool StillCounts(Room room, UserId user, Ticket ticket, DateTimeOffset now) =>
        room.StatusOf(new(Target, user, ticket.Sequence, DateTimeOffset.FromUnixTimeSeconds(ticket.IssuedAt)), now).Status
            is QueueStatus.Waiting or QueueStatus.Entered;

    private async Task ShowAsync(Room before, Room after)
    {
        if (ReferenceEquals(before, after)) return;
        snapshots.Put(after);
        if (before.Serving == after.Serving) return;
        try
        {
            await events.PublishAsync(Topics.QueueAdvanced, $"queue:{Target}:{after.Serving}", Target.ToString(),
                new QueueAdvanced(Target, after.Serving, after.Issued, after.Active.Count));
        }
        catch (DaprException e)
        {
            // Readers poll the room; the event only hastens them.
            log.AnnouncementFailed(e, Target);
        }
    }
}
