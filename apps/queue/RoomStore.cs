using System.Text.Json;
using ConcertDapr.Contracts;
using ConcertDapr.ServiceDefaults;
using ConcertDapr.ServiceDefaults.Rooms;
using Dapr.Client;

namespace ConcertDapr.Queue;

/// <summary>A fan's place as remembered, so that asking again finds it.</summary>
public sealed record Ticket(long Sequence, long IssuedAt);

/// <summary>
/// The only place that writes waiting rooms: <c>room/{target} → Room</c>, by compare-and-set; <c>ticket/{target}/{user} →
/// Ticket</c>. A turn of the actor is not a lock (an aborted caller frees it), so the ETag decides and the loser reloads.
/// </summary>
internal sealed class RoomStore(DaprClient dapr, RoomPolicies policies)
{
    private const int MostAttempts = 20;

    /// <summary>Changes a room; returns it before and after. Nothing is written where nothing changed.</summary>
    public async Task<(Room Before, Room After)> UpdateAsync(ConcertId target, Func<Room, Room> change)
    {
        for (var attempt = 0; attempt < MostAttempts; attempt++)
        {
            var (stored, etag) = await dapr.GetStateAndETagAsync<Room?>(Apps.StateStore, Room.Key(target));
            var before = (stored ?? Room.Empty(target, policies.Of(target))).Under(policies.Of(target));
            var after = change(before);
            if (ReferenceEquals(before, after)) return (before, after);
            if (!await SaveAsync(target, after, etag)) continue;
            QueueMetrics.Changed(before, after);
            return (before, after);
        }
        throw new TimeoutException($"Waiting room {target} changed under every attempt to change it.");
    }

    /// <summary>The places these fans have, as far as they are remembered.</summary>
    public async Task<Dictionary<UserId, Ticket>> TicketsAsync(ConcertId target, IReadOnlyList<UserId> users)
    {
        var found = await dapr.GetBulkStateAsync<Ticket?>(Apps.StateStore, [.. users.Select(u => Key(target, u))], parallelism: 16);
        var byKey = found.ToDictionary(i => i.Key, i => i.Value);
        return users.Where(u => byKey.GetValueOrDefault(Key(target, u)) is not null).ToDictionary(u => u, u => byKey[Key(target, u)]!);
    }

    /// <summary>A fan's place, or null.</summary>
    public Task<Ticket?> TicketAsync(ConcertId target, UserId user) => dapr.GetStateAsync<Ticket?>(Apps.StateStore, Key(target, user));

    /// <summary>Remembers places; they outlive the longest stay by an hour at most.</summary>
    public Task RememberAsync(ConcertId target, IReadOnlyDictionary<UserId, Ticket> tickets)
    {
        var policy = policies.Of(target);
        var ttl = new Dictionary<string, string> { ["ttlInSeconds"] = $"{(long)(policy.WaitFor + policy.SessionFor) + 3600}" };
        var operations = tickets.Select(t => new StateTransactionRequest(Key(target, t.Key),
            JsonSerializer.SerializeToUtf8Bytes(t.Value, dapr.JsonSerializerOptions), StateOperationType.Upsert, metadata: ttl));
        return dapr.ExecuteStateTransactionAsync(Apps.StateStore, [.. operations]);
    }

    private Task<bool> SaveAsync(ConcertId target, Room room, string etag) => etag.Length > 0
        ? dapr.TrySaveStateAsync(Apps.StateStore, Room.Key(target), room, etag)
        : dapr.TryCreateStateAsync(Apps.StateStore, Room.Key(target), room);

    private static string Key(ConcertId target, UserId user) => $"ticket/{target}/{user}";
}
