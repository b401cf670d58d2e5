using System.Collections.Concurrent;
using System.Globalization;
using ConcertDapr.Contracts;
using ConcertDapr.ServiceDefaults.Rooms;
using Dapr.Client;

namespace ConcertDapr.Gateway;

/// <summary>A client per app id, through the sidecar's service invocation. Callers set their own deadlines.</summary>
internal sealed class AppClients(DaprClient dapr, RoomSnapshots rooms, ILogger<AppClients> log) : IDisposable
{
    private readonly ConcurrentDictionary<string, HttpClient> _clients = new();

    /// <summary>The client of an app.</summary>
    public HttpClient Of(string app) => _clients.GetOrAdd(app, id =>
    {
        var client = dapr.CreateInvokableHttpClient(id);
        client.Timeout = Timeout.InfiniteTimeSpan;
        return client;
    });

    /// <summary>
    /// Sends a request for a caller who was admitted, or need not be. Where the answer ends their visit the place is given up before
    /// they learn, so that joining again finds a new one.
    /// </summary>
    public async Task<HttpResponseMessage> SendAsync(string app, HttpRequestMessage request, QueuePlace? place, string? token, CancellationToken cancellationToken)
    {
        var response = await Of(app).SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        if (place is not null && response.Headers.Contains(TrustedHeaders.VisitEnded)) await LeaveAsync(place, token, cancellationToken);
        return response;
    }

    private async Task LeaveAsync(QueuePlace place, string? token, CancellationToken cancellationToken)
    {
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, new Uri("/leave", UriKind.Relative));
            request.Headers.TryAddWithoutValidation("Queue-Token", token);
            request.Vouch(place.User);
            using var response = await Of(Apps.Queue).SendAsync(request, cancellationToken);
            response.EnsureSuccessStatusCode();
            rooms.Left(place);
        }
        catch (HttpRequestException e)
        {
            // The payment's event frees the place as well, a little later.
            log.LeaveFailed(e);
        }
    }

    public void Dispose()
    {
        foreach (var client in _clients.Values) client.Dispose();
    }
}

/// <summary>What only the gateway says of a caller.</summary>
internal static class Vouching
{
    /// <summary>Tells a service who is calling and, where that matters, by which place they were admitted.</summary>
    public static void Vouch(this HttpRequestMessage request, UserId user, QueuePlace? place = null)
    {
        request.Headers.Add(TrustedHeaders.UserId, user.ToString());
        if (place is null) return;
        request.Headers.Add(TrustedHeaders.QueueTarget, place.Target.ToString());
        request.Headers.Add(TrustedHeaders.QueueSequence, place.Sequence.ToString(CultureInfo.InvariantCulture));
    }
}
