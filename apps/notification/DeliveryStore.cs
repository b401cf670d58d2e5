using ConcertDapr.ServiceDefaults;
using Dapper;

namespace ConcertDapr.Notification;

/// <summary>Deliveries in Postgres.</summary>
internal sealed class DeliveryStore(Database database)
{
    /// <summary>Records a letter for a channel; false where it was delivered before.</summary>
    public async Task<bool> ReceiveAsync(Letter letter, string channel)
    {
        await using var connection = await database.OpenAsync();
        return await connection.QuerySingleAsync<bool>(
            """
            INSERT INTO deliveries (event_id, channel, topic, payload) VALUES (@EventId, @channel, @Topic, @Payload::jsonb)
            ON CONFLICT (event_id, channel) DO UPDATE SET attempts = deliveries.attempts
            RETURNING delivered_at IS NULL
            """, new { letter.EventId, channel, letter.Topic, letter.Payload });
    }

    /// <summary>Records a letter as delivered; false where it was before.</summary>
    public async Task<bool> ReceiveDeliveredAsync(Letter letter, string channel)
    {
        await using var connection = await database.OpenAsync();
        return await connection.ExecuteAsync(
            """
            INSERT INTO deliveries (event_id, channel, topic, payload, delivered_at, attempts) VALUES (@EventId, @channel, @Topic, @Payload::jsonb, now(), 1)
            ON CONFLICT (event_id, channel) DO NOTHING
            """, new { letter.EventId, channel, letter.Topic, letter.Payload }) == 1;
    }

    /// <summary>A letter arrived.</summary>
    public async Task DeliveredAsync(Letter letter, string channel)
    {
        await using var connection = await database.OpenAsync();
        await connection.ExecuteAsync(
            "UPDATE deliveries SET delivered_at = now(), attempts = attempts + 1, last_error = NULL WHERE event_id = @EventId AND channel = @channel",
            new { letter.EventId, channel });
    }

    /// <summary>An attempt failed.</summary>
    public async Task FailedAsync(Letter letter, string channel, string error)
    {
        await using var connection = await database.OpenAsync();
        await connection.ExecuteAsync(
            "UPDATE deliveries SET attempts = attempts + 1, last_error = @error WHERE event_id = @EventId AND channel = @channel",
            new { letter.EventId, channel, error });
    }

    /// <summary>Open deliveries, oldest first, at most 1,000.</summary>
    public async Task<IReadOnlyList<(Letter Letter, string Channel)>> OpenAsync()
    {
        await using var connection = await database.OpenAsync();
        var rows = await connection.QueryAsync<(string Event, string Topic, string Payload, string Channel)>(
            "SELECT event_id, topic, payload::text, channel FROM deliveries WHERE delivered_at IS NULL ORDER BY received_at LIMIT 1000");
        return [.. rows.Select(r => (new Letter(r.Event, r.Topic, r.Payload), r.Channel))];
    }

    /// <summary>How many deliveries are open.</summary>
    public async Task<int> CountOpenAsync()
    {
        await using var connection = await database.OpenAsync();
        return await connection.QuerySingleAsync<int>("SELECT count(*)::int FROM deliveries WHERE delivered_at IS NULL");
    }
}
