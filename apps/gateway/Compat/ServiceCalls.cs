using System.Net.Http.Json;
using System.Text.Json;
using ConcertDapr.Contracts;
using ConcertDapr.ServiceDefaults;
using ConcertDapr.ServiceDefaults.Rooms;

namespace ConcertDapr.Gateway.Compat;

/// <summary>Why a client does not get what it asked for: the status and <c>code</c> of the public API, and a sentence.</summary>
internal sealed record Refusal(int Status, string Code, string Message)
{
    /// <summary>A fault, not a refusal: somewhere a part does not answer.</summary>
    public static readonly Refusal Unavailable = new(503, "UNAVAILABLE", "A part of the system cannot answer right now; try again.");

    /// <summary>A body that cannot be read.</summary>
    public static readonly Refusal Malformed = new(400, "MALFORMED_JSON", "The body is not a JSON object.");

    /// <summary>Something named that is not there.</summary>
    public static readonly Refusal NoAccount = new(404, "ACCOUNT_NOT_FOUND", "There is no such account."),
        NoConcert = new(404, "CONCERT_NOT_FOUND", "There is no such concert."),
        NoShow = new(404, "SHOW_NOT_FOUND", "There is no such date."),
        NoSeat = new(404, "SEAT_NOT_FOUND", "There is no such seat."),
        NoReservation = new(404, "RESERVATION_NOT_FOUND", "There is no such reservation.");

    /// <summary>Whether the system failed rather than the request.</summary>
    public bool IsFault => Status >= 500;
}

/// <summary>A value, or why there is none.</summary>
internal readonly record struct Outcome<T>(T? Value, Refusal? Refusal) where T : class
{
    public static implicit operator Outcome<T>(T value) => new(value, null);

    public static implicit operator Outcome<T>(Refusal refusal) => new(null, refusal);
}

/// <summary>On whose behalf a service is called.</summary>
internal sealed record OnBehalf(UserId User, QueuePlace? Place = null, string? Key = null, string? QueueToken = null);

/// <summary>Typed calls to the services; their problem responses become <see cref="Refusal"/>s.</summary>
internal sealed class ServiceCalls(AppClients apps, ILogger<ServiceCalls> log)
{
    private static readonly TimeSpan s_timeout = TimeSpan.FromSeconds(30);

    public Task<Outcome<T>> GetAsync<T>(string app, string path, OnBehalf? caller = null) where T : class => SendAsync<T>(HttpMethod.Get, app, path, null, caller);

    public Task<Outcome<T>> PostAsync<T>(string app, string path, OnBehalf caller, object? body = null) where T : class =>
        SendAsync<T>(HttpMethod.Post, app, path, body, caller);

    private async Task<Outcome<T>> SendAsync<T>(HttpMethod method, string app, string path, object? body, OnBehalf? caller) where T : class
    {
        using var timeout = new CancellationTokenSource(s_timeout);
        using var request = new HttpRequestMessage(method, new Uri(path, UriKind.Relative));
        if (body is not null) request.Content = JsonContent.Create(body, body.GetType(), options: ConcertJson.Options);
        if (caller is not null) Address(request, caller);
        try
        {
            using var response = await apps.SendAsync(app, request, caller?.Place, caller?.QueueToken, timeout.Token);
            if (response.IsSuccessStatusCode) return (await response.Content.ReadFromJsonAsync<T>(ConcertJson.Options, timeout.Token))!;
            return (int)response.StatusCode >= 500 ? Refusal.Unavailable : await RefusalOfAsync(response, timeout.Token);
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException)
        {
            log.ServiceUnanswered(e, app);
            return Refusal.Unavailable;
        }
    }

    private static void Address(HttpRequestMessage request, OnBehalf caller)
    {
        request.Vouch(caller.User, caller.Place);
        if (caller.Key is not null) request.Headers.Add("Idempotency-Key", caller.Key);
        if (caller.QueueToken is not null) request.Headers.TryAddWithoutValidation("Queue-Token", caller.QueueToken);
    }

    private static async Task<Refusal> RefusalOfAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        var problem = await response.Content.ReadFromJsonAsync<JsonElement>(cancellationToken);
        return new((int)response.StatusCode, problem.GetProperty("code").GetString()!, problem.GetProperty("detail").GetString()!);
    }
}
