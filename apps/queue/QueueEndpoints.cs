using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using System.Threading.Channels;
using ConcertDapr.Contracts;
using ConcertDapr.ServiceDefaults;
using ConcertDapr.ServiceDefaults.Rooms;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;

namespace ConcertDapr.Queue;

/// <summary>The waiting room as fans see it (behind the gateway).</summary>
internal static class QueueEndpoints
{
    public static void MapQueue(this WebApplication app)
    {
        app.MapPost("/join", Join);
        app.MapPost("/join-house", JoinHouse);
        app.MapPost("/enter", Enter);
        app.MapPost("/leave", Leave);
        app.MapGet("/figures", Figures);
        app.MapGet("/events", Events);
    }

    internal static async Task<Results<Ok<QueueTokenResponse>, ProblemHttpResult>> Join(Caller caller, ConcertId targetId, RoomCalls calls, RoomSnapshots snapshots, QueueTokens tokens,
        TimeProvider clock)
    {
        if (targetId.Value < 1) return Problem.NotFound("CONCERT_NOT_FOUND", "There is no such concert.", "targetId");
        var (place, status) = await JoinAsync(targetId, caller, calls, snapshots, clock);
        return TypedResults.Ok(new QueueTokenResponse(targetId, tokens.Sign(place), place.Sequence, status.Status));
    }

    internal static async Task<Ok<HousePlace>> JoinHouse(Caller caller, RoomCalls calls, RoomSnapshots snapshots, QueueTokens tokens, TimeProvider clock)
    {
        var (place, status) = await JoinAsync(ConcertId.House, caller, calls, snapshots, clock);
        return TypedResults.Ok(new HousePlace(tokens.Sign(place), status));
    }

    internal static async Task<Results<Ok<EnterResponse>, ProblemHttpResult>> Enter(Caller caller, [FromHeader(Name = "Queue-Token")] string? header,
        [FromBody(EmptyBodyBehavior = Microsoft.AspNetCore.Mvc.ModelBinding.EmptyBodyBehavior.Allow)] EnterRequest? body,
        RoomCalls calls, RoomSnapshots snapshots, QueueTokens tokens, TimeProvider clock)
    {
        var (place, refusal) = Read(header ?? body?.Token, caller, tokens);
        if (place is null) return refusal!;
        if (body?.TargetId is { } target && target != place.Target)
            return Problem.Of(403, "QUEUE_TOKEN_FOREIGN", "The queue token is for another concert.", "targetId");
        var now = clock.GetUtcNow();
        if (await snapshots.GetForAsync(place, now) is not { } room) return Problem.NotFound("QUEUE_NOT_FOUND", "Nobody waits there.");
        if (room.IsInside(place.Sequence, now) && room.Find(place.Sequence) is { Claimed: false })
            room = await calls.ClaimAsync(place.Target, place.Sequence);
        return TypedResults.Ok(room.StatusOf(place, now));
    }

    internal static async Task<Results<NoContent, ProblemHttpResult>> Leave(Caller caller, [FromHeader(Name = "Queue-Token")] string? header, RoomCalls calls,
        QueueTokens tokens)
    {
        var (place, refusal) = Read(header, caller, tokens);
        if (place is null) return refusal!;
        await calls.LeaveAsync(place.Target, place.Sequence);
        return TypedResults.NoContent();
    }

    internal static async Task<Ok<QueueFigures>> Figures(ConcertId targetId, RoomSnapshots snapshots, RoomPolicies policies, TimeProvider clock)
    {
        var room = await snapshots.RefreshAsync(targetId) ?? Room.Empty(targetId, policies.Of(targetId));
        var active = room.Active.Count(s => s.UntilMs > clock.GetUtcNow().ToUnixTimeMilliseconds());
        return TypedResults.Ok(new QueueFigures(targetId, room.Issued, room.Serving, room.Waiting, active, room.PeakActive, room.Policy.Capacity));
    }

    internal static ServerSentEventsResult<QueueAdvanced> Events(ConcertId targetId, RoomSnapshots snapshots, RoomPolicies policies, Shutdown shutdown,
        CancellationToken cancellationToken) => TypedResults.ServerSentEvents(FollowAsync(targetId, snapshots, policies, shutdown, cancellationToken));

    private static async IAsyncEnumerable<SseItem<QueueAdvanced>> FollowAsync(ConcertId target, RoomSnapshots snapshots, RoomPolicies policies, Shutdown shutdown,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var changes = Channel.CreateBounded<Room>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropOldest });
        void Take(Room room)
        {
            if (room.Target == target) changes.Writer.TryWrite(room);
        }
        using var watch = snapshots.Watch(target);
        using var end = shutdown.Closing.Register(() => changes.Writer.TryComplete());
        snapshots.Changed += Take;
        try
        {
            // At once, also of a room nobody has come to yet: before the first event the watcher does not even get the headers.
            yield return Item(await snapshots.GetAsync(target) ?? Room.Empty(target, policies.Of(target)));
            await foreach (var room in changes.Reader.ReadAllAsync(cancellationToken)) yield return Item(room);
        }
        finally
        {
            snapshots.Changed -= Take;
        }
    }

    private static SseItem<QueueAdvanced> Item(Room room) => new(new(room.Target, room.Serving, room.Issued, room.Active.Count), "advanced");

    private static async Task<(QueuePlace Place, EnterResponse Status)> JoinAsync(ConcertId target, Caller caller, RoomCalls calls, RoomSnapshots snapshots,
        TimeProvider clock)
    {
        var ticket = await calls.JoinAsync(target, caller.User);
        var place = new QueuePlace(target, caller.User, ticket.Sequence, DateTimeOffset.FromUnixTimeSeconds(ticket.IssuedAt));
        var now = clock.GetUtcNow();
        var room = await snapshots.GetForAsync(place, now) ?? throw new InvalidOperationException($"Waiting room {target} vanished after {place.User} joined it.");
        return (place, room.StatusOf(place, now));
    }

    private static (QueuePlace? Place, ProblemHttpResult? Refusal) Read(string? token, Caller caller, QueueTokens tokens)
    {
        if (string.IsNullOrEmpty(token)) return (null, Problem.Of(403, "QUEUE_TOKEN_MISSING", "A queue token is required.", "Queue-Token"));
        if (tokens.Verify(token) is not { } place) return (null, Problem.Of(403, "QUEUE_TOKEN_INVALID", "The queue token is not one of ours.", "Queue-Token"));
        return place.User == caller.User
            ? (place, null)
            : (null, Problem.Of(403, "QUEUE_TOKEN_FOREIGN", "The queue token is somebody else's.", "Queue-Token"));
    }
}
