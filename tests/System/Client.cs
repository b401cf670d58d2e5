using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using ConcertDapr.Contracts;

namespace ConcertDapr.Tests;

/// <summary>An answer as it came.</summary>
public sealed record Reply(HttpStatusCode Status, string? MediaType, string Text)
{
    /// <summary>The problem's code where there is one.</summary>
    public string? Code => Member("code");

    /// <summary>The offending input where the problem names one.</summary>
    public string? Field => Member("field");

    /// <summary>The body of a success.</summary>
    public T Body<T>() => (int)Status is >= 200 and < 300
        ? JsonSerializer.Deserialize<T>(Text, Client.Json)!
        : throw new InvalidOperationException($"{(int)Status}: {Text}");

    private string? Member(string name) => MediaType == "application/problem+json"
        && JsonDocument.Parse(Text).RootElement.TryGetProperty(name, out var value) ? value.GetString() : null;
}

/// <summary>The public API as one caller sees it.</summary>
public sealed class Client(HttpClient http, string? bearer)
{
    public static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseUpper) },
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    };

    /// <summary>The place in the waiting room, once admitted.</summary>
    public string? QueueToken { get; set; }

    /// <summary>The account of a test user.</summary>
    public UserId User => new(long.Parse(bearer!["test-user-".Length..], System.Globalization.CultureInfo.InvariantCulture));

    public Task<Reply> GetAsync(string path) => SendAsync(HttpMethod.Get, path);

    public Task<Reply> DeleteAsync(string path) => SendAsync(HttpMethod.Delete, path);

    public Task<Reply> PostAsync<T>(string path, T body, string? key = null, params (string Name, string Value)[] headers) =>
        SendAsync(HttpMethod.Post, path, JsonContent.Create(body, options: Json), key is null ? headers : [.. headers, ("Idempotency-Key", key)]);

    public async Task<Reply> SendAsync(HttpMethod method, string path, HttpContent? content = null, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(method, new Uri(path, UriKind.Relative)) { Content = content };
        if (bearer is not null) request.Headers.TryAddWithoutValidation("Authorization", $"Bearer {bearer}");
        if (QueueToken is not null) request.Headers.TryAddWithoutValidation("Queue-Token", QueueToken);
        // A body the server will not read is not sent, or the connection ends before the answer is read.
        request.Headers.ExpectContinue = content?.Headers.ContentLength > 1 << 20;
        foreach (var (name, value) in headers) request.Headers.TryAddWithoutValidation(name, value);
        using var response = await http.SendAsync(request);
        return new(response.StatusCode, response.Content.Headers.ContentType?.MediaType, await response.Content.ReadAsStringAsync());
    }

    public static StringContent JsonText(string text, string mediaType = "application/json") => new(text, Encoding.UTF8, mediaType);

    public async Task<QueueTokenResponse> JoinAsync(ConcertId concert) =>
        (await SendAsync(HttpMethod.Post, $"/api/v1/queues/tokens/{concert}")).Body<QueueTokenResponse>();

    /// <summary>Waits in line until admitted.</summary>
    public async Task EnterAsync(ConcertId concert)
    {
        QueueToken = (await JoinAsync(concert)).Token;
        await Eventually.UntilAsync(async () => (await SendAsync(HttpMethod.Post, "/api/v1/queues/enter")).Body<EnterResponse>(),
            e => e.Status == QueueStatus.Entered);
    }

    public Task<Reply> HoldAsync(Sale sale, string? key = null, params int[] seats) =>
        PostAsync($"/api/v1/reservations/{sale.Show}", new HoldRequest([.. seats.Select(sale.Seat)]), key);

    public Task<Reply> PayAsync(ReservationResponse reservation, string? key = null) =>
        PostAsync("/api/v1/payments", new PaymentRequest(reservation.ReservationId, reservation.Amount), key);

    /// <summary>The payment once its saga has ended.</summary>
    public Task<PaymentResponse> EndedAsync(PaymentId payment, int seconds = 60) => Eventually.UntilAsync(
        async () => (await GetAsync($"/api/v1/payments/{payment}")).Body<PaymentResponse>(),
        p => p.Status is PaymentStatus.Completed or PaymentStatus.Failed, seconds);

    public async Task<ReservationResponse> ReservationAsync(ReservationId id) =>
        (await GetAsync($"/api/v1/reservations/{id}")).Body<ReservationResponse>();

    public async Task<Points> PointsAsync() => (await GetAsync("/api/v1/users/me/points")).Body<PointsResponse>().Points;
}
