using System.Text;

namespace ConcertDapr.Notification;

/// <summary>An event on its way out. <paramref name="Payload"/> is its data as JSON text.</summary>
internal sealed record Letter(string EventId, string Topic, string Payload);

/// <summary>How a replay went.</summary>
internal sealed record ReplayResult(int Delivered, int Open);

/// <summary>Delivers letters to every channel, each once: who was served is recorded, and only who was not is served again.</summary>
internal sealed class Courier(HttpClient http, DeliveryStore deliveries, IReadOnlyList<Channel> channels, ILogger<Courier> log)
{
    /// <summary>Delivers to every channel that does not have the letter yet; throws the first failure after trying all.</summary>
    public async Task DeliverAsync(Letter letter)
    {
        Exception? failure = null;
        foreach (var channel in channels)
            failure = await TryAsync(letter, channel) ?? failure;
        if (failure is not null) throw new HttpRequestException($"{letter.Topic} {letter.EventId} was not delivered", failure);
    }

    /// <summary>Tries every open delivery of a channel that exists once more.</summary>
    public async Task<ReplayResult> ReplayAsync()
    {
        var delivered = 0;
        foreach (var (letter, name) in await deliveries.OpenAsync())
            if (channels.FirstOrDefault(c => c.Name == name) is { } channel && await TryAsync(letter, channel) is null) delivered++;
        return new(delivered, await deliveries.CountOpenAsync());
    }

    private async Task<Exception?> TryAsync(Letter letter, Channel channel)
    {
        if (channel.Address is null) return await WriteDownAsync(letter, channel);
        if (!await deliveries.ReceiveAsync(letter, channel.Name)) return null;
        try
        {
            await SendAsync(letter, channel);
            await deliveries.DeliveredAsync(letter, channel.Name);
            NotificationMetrics.Delivered(channel);
            return null;
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException)
        {
            await deliveries.FailedAsync(letter, channel.Name, e.Message);
            NotificationMetrics.Failed(channel);
            return e;
        }
    }

    /// <summary>The log cannot fail to take a letter, so receiving and delivering are one statement.</summary>
    private async Task<Exception?> WriteDownAsync(Letter letter, Channel channel)
    {
        if (!await deliveries.ReceiveDeliveredAsync(letter, channel.Name)) return null;
        log.Delivered(letter.Topic, letter.EventId);
        NotificationMetrics.Delivered(channel);
        return null;
    }

    private async Task SendAsync(Letter letter, Channel channel)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, channel.Address);
        request.Content = new StringContent(letter.Payload, Encoding.UTF8, "application/json");
        request.Headers.Add("X-Event-Id", letter.EventId);
        request.Headers.Add("X-Event-Topic", letter.Topic);
        using var response = await http.SendAsync(request);
        response.EnsureSuccessStatusCode();
    }
}
