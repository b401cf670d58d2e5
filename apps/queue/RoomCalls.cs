using System.Collections.Concurrent;
using ConcertDapr.Contracts;
using ConcertDapr.ServiceDefaults;
using ConcertDapr.ServiceDefaults.Rooms;
using Dapr.Actors;
using Dapr.Actors.Client;

namespace ConcertDapr.Queue;

/// <summary>
/// Gathers what this replica has to tell a room while a call to its actor is under way, and tells it in one: a rush of joins
/// costs a few actor calls, and the order of arrival holds.
/// </summary>
internal sealed class RoomCalls(IActorProxyFactory actors)
{
    private const int MostAtOnce = 500;

    private readonly ConcurrentDictionary<ConcertId, Batcher<UserId, Ticket>> _joins = new();
    private readonly ConcurrentDictionary<ConcertId, Batcher<long, Room>> _claims = new();
    private readonly ConcurrentDictionary<ConcertId, Batcher<long, Room>> _leaves = new();

    /// <summary>A place for a fan: the one they have, or a new one.</summary>
    public Task<Ticket> JoinAsync(ConcertId target, UserId user) =>
        _joins.GetOrAdd(target, t => new(MostAtOnce, users => JoinAllAsync(t, users))).AddAsync(user);

    /// <summary>Starts a called fan's session.</summary>
    public Task<Room> ClaimAsync(ConcertId target, long sequence) =>
        _claims.GetOrAdd(target, t => new(MostAtOnce, places => TellAsync(t, nameof(WaitingRoomActor.Claim), places))).AddAsync(sequence);

    /// <summary>Gives a place up.</summary>
    public Task<Room> LeaveAsync(ConcertId target, long sequence) =>
        _leaves.GetOrAdd(target, t => new(MostAtOnce, places => TellAsync(t, nameof(WaitingRoomActor.Leave), places))).AddAsync(sequence);

    private async Task<IReadOnlyList<Ticket>> JoinAllAsync(ConcertId target, IReadOnlyList<UserId> users)
    {
        var distinct = users.Distinct().ToList();
        var reply = await Actor(target).InvokeMethodAsync<JoinCall, JoinReply>(nameof(WaitingRoomActor.Join), new(distinct));
        var tickets = distinct.Zip(reply.Tickets).ToDictionary(p => p.First, p => p.Second);
        return [.. users.Select(u => tickets[u])];
    }

    private async Task<IReadOnlyList<Room>> TellAsync(ConcertId target, string method, IReadOnlyList<long> places)
    {
        var room = await Actor(target).InvokeMethodAsync<PlacesCall, Room>(method, new(places));
        return [.. Enumerable.Repeat(room, places.Count)];
    }

    private ActorProxy Actor(ConcertId target) => actors.Create(new ActorId(target.ToString()), WaitingRoomActor.TypeName);
}
