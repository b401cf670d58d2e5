using System.Net.Http.Json;

namespace ConcertDapr.Soak;

/// <summary>
/// Proper calls that make the sidecar talk to a neighbour who answers garbage. They must be answered; an error of the sidecar's
/// own has a body. An answer that was cut off on its way from the app is cut off here too.
/// </summary>
internal abstract class NeighbourAttack(HttpClient http) : IAttack
{
    public async Task SendAsync(Random random)
    {
        var (method, path, body) = Draw(random);
        using var request = new HttpRequestMessage(method, new Uri(path, UriKind.Relative));
        if (body is not null) request.Content = JsonContent.Create(body);
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        try
        {
            using var response = await http.SendAsync(request, patience.Token);
            var answer = await response.Content.ReadAsStringAsync(patience.Token);
            WrongAnswerException.Unless((int)response.StatusCode < 500 || answer.Length > 0 || MayBeBare, $"{method} {path}", (int)response.StatusCode);
        }
        catch (HttpRequestException e) when (MayBeBare && e.HttpRequestError is HttpRequestError.ResponseEnded or HttpRequestError.Unknown or HttpRequestError.InvalidResponse)
        {
            // The app's answer did not end as it began to.
        }
        catch (OperationCanceledException)
        {
            throw new WrongAnswerException($"{method} {path}: no answer");
        }
    }

    /// <summary>Whether the answer is a stranger's, passed on as it is.</summary>
    protected virtual bool MayBeBare => false;

    protected abstract (HttpMethod Method, string Path, object? Body) Draw(Random random);
}

/// <summary>State, locks and events on a Redis that answers anything.</summary>
internal sealed class RedisAttack(HttpClient http) : NeighbourAttack(http)
{
    protected override (HttpMethod Method, string Path, object? Body) Draw(Random random) => random.Next(9) switch
    {
        0 => (HttpMethod.Get, "/v1.0/state/fakestate/k", null),
        1 => (HttpMethod.Post, "/v1.0/state/fakestate", new[] { new { key = "k", value = 1 } }),
        2 => (HttpMethod.Post, "/v1.0/state/fakestate", new[] { new { key = "k", value = 1, etag = "3", metadata = new { ttlInSeconds = "5" } } }),
        3 => (HttpMethod.Delete, "/v1.0/state/fakestate/k", null),
        4 => (HttpMethod.Post, "/v1.0/state/fakestate/bulk", new { keys = new[] { "a", "b", "c" } }),
        5 => (HttpMethod.Post, "/v1.0/state/fakestate/transaction", new { operations = new[] { new { operation = "upsert", request = new { key = "k", value = 1 } } } }),
        6 => (HttpMethod.Post, "/v1.0-alpha1/lock/fakelock", new { resourceId = "r", lockOwner = "o", expiryInSeconds = 5 }),
        7 => (HttpMethod.Post, "/v1.0-alpha1/unlock/fakelock", new { resourceId = "r", lockOwner = "o" }),
        _ => (HttpMethod.Post, "/v1.0/publish/fakebus/t", new { n = random.Next() }),
    };
}

/// <summary>Calls, actor calls and events for an app that answers anything.</summary>
internal sealed class BadAppAttack(HttpClient http) : NeighbourAttack(http)
{
    protected override bool MayBeBare => true;

    protected override (HttpMethod Method, string Path, object? Body) Draw(Random random) => random.Next(5) switch
    {
        0 => (HttpMethod.Get, $"/v1.0/invoke/{BadApp.Id}/method/any", null),
        1 => (HttpMethod.Post, $"/v1.0/invoke/{BadApp.Id}/method/any", new { n = 1 }),
        2 => (HttpMethod.Put, $"/v1.0/actors/Bad/{random.Next(20)}/method/any", new { n = 1 }),
        3 => (HttpMethod.Put, $"/v1.0/actors/Bad/{random.Next(20)}/reminders/r", new { dueTime = "1ms" }),
        _ => (HttpMethod.Post, "/v1.0/publish/pubsub/bad", new { n = random.Next() }),
    };
}
