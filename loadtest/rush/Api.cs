using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Serialization;
using ConcertDapr.Contracts;

namespace ConcertDapr.Rush;

/// <summary>An answer: the body where the status is 2xx, else the problem's <c>code</c>.</summary>
internal sealed record Answer<T>(HttpStatusCode Status, T? Body, string? Code)
{
    public bool Ok => Code is null;
}

/// <summary>What a login gives.</summary>
internal sealed record LoginAnswer(string AccessToken);

/// <summary>The public API as one caller sees it, or anybody where there is no bearer token. Nothing here knows anything the documentation does not say.</summary>
internal sealed class Api(HttpClient http, string? bearer, Measurements measurements)
{
    public static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseUpper) },
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    };

    /// <summary>A client for many callers at once.</summary>
    public static HttpClient CreateClient(Uri url) =>
        new(new SocketsHttpHandler { MaxConnectionsPerServer = 1000, PooledConnectionIdleTimeout = TimeSpan.FromMinutes(2) })
        {
            BaseAddress = url,
            Timeout = TimeSpan.FromSeconds(60),
        };

    public Task<Answer<AccountResponse>> RegisterAsync(RegisterRequest request) => SendAsync<AccountResponse>("register", HttpMethod.Post, "/api/v1/users", body: request);

    public Task<Answer<LoginAnswer>> LogInAsync(LoginRequest request) => SendAsync<LoginAnswer>("log in", HttpMethod.Post, "/api/v1/users/login", body: request);

    public Task<Answer<ConcertPage>> ConcertsAsync() => SendAsync<ConcertPage>("concerts", HttpMethod.Get, "/api/v1/concerts?limit=100");

    public Task<Answer<QueueTokenResponse>> JoinAsync(ConcertId target) => SendAsync<QueueTokenResponse>("join", HttpMethod.Post, $"/api/v1/queues/tokens/{target}");

    public Task<Answer<EnterResponse>> EnterAsync(string token) => SendAsync<EnterResponse>("poll", HttpMethod.Post, "/api/v1/queues/enter", token);

    public Task<Answer<object>> LeaveAsync(string token) => SendAsync<object>("leave", HttpMethod.Delete, "/api/v1/queues/tokens", token);

    public Task<Answer<SeatMapResponse>> SeatsAsync(ShowId show) => SendAsync<SeatMapResponse>("seat map", HttpMethod.Get, $"/api/v1/concerts/dates/{show}/seats");

    public Task<Answer<ReservationResponse>> HoldAsync(ShowId show, string token, string key, params SeatId[] seats) =>
        SendAsync<ReservationResponse>("hold", HttpMethod.Post, $"/api/v1/reservations/{show}", token, key, new HoldRequest(seats));

    public Task<Answer<ReservationResponse>> HoldBestAsync(ShowId show, string token, string key) =>
        SendAsync<ReservationResponse>("hold", HttpMethod.Post, $"/api/v1/reservations/{show}", token, key, new HoldRequest(Quantity: 1));

    public Task<Answer<ReservationResponse>> ReservationAsync(ReservationId reservation) =>
        SendAsync<ReservationResponse>("reservation", HttpMethod.Get, $"/api/v1/reservations/{reservation}");

    public Task<Answer<ReservationResponse>> CancelAsync(ReservationId reservation) =>
        SendAsync<ReservationResponse>("cancel", HttpMethod.Delete, $"/api/v1/reservations/{reservation}");

    public Task<Answer<PaymentResponse>> PayAsync(ReservationId reservation, Points amount, string token, string key) =>
        SendAsync<PaymentResponse>("pay", HttpMethod.Post, "/api/v1/payments", token, key, new PaymentRequest(reservation, amount));

    public Task<Answer<PaymentResponse>> PaymentAsync(PaymentId payment) => SendAsync<PaymentResponse>("payment", HttpMethod.Get, $"/api/v1/payments/{payment}");

    public Task<Answer<PointsResponse>> PointsAsync() => SendAsync<PointsResponse>("points", HttpMethod.Get, "/api/v1/users/me/points");

    public Task<Answer<PointsResponse>> TopUpAsync(Points amount) =>
        SendAsync<PointsResponse>("top up", HttpMethod.Post, "/api/v1/users/me/points/charges", body: new ChargePointsRequest(amount));

    public Task<Answer<QueueFigures>> FiguresAsync(ConcertId target) => SendAsync<QueueFigures>("figures", HttpMethod.Get, $"/api/v1/queues/{target}");

    public Task<Answer<ConcertResponse>> CreateConcertAsync(CreateConcertRequest request) =>
        SendAsync<ConcertResponse>("create", HttpMethod.Post, "/api/v1/admin/concerts", body: request);

    private Task<Answer<T>> SendAsync<T>(string step, HttpMethod method, string path, string? queueToken = null, string? key = null, object? body = null)
        where T : class => measurements.TimeAsync(step, async () =>
        {
            using var request = new HttpRequestMessage(method, path);
            if (bearer is not null) request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", bearer);
            if (queueToken is not null) request.Headers.Add("Queue-Token", queueToken);
            if (key is not null) request.Headers.Add("Idempotency-Key", key);
            if (body is not null) request.Content = JsonContent.Create(body, options: Json);
            try
            {
                using var response = await http.SendAsync(request);
                return await ReadAsync<T>(step, response);
            }
            catch (Exception e) when (e is HttpRequestException or TaskCanceledException)
            {
                measurements.Count($"{step}: no answer");
                return new Answer<T>(0, null, "NO_ANSWER");
            }
        });

    private async Task<Answer<T>> ReadAsync<T>(string step, HttpResponseMessage response) where T : class
    {
        if (response.StatusCode == HttpStatusCode.NoContent) return new(response.StatusCode, null, null);
        if (response.IsSuccessStatusCode) return new(response.StatusCode, await response.Content.ReadFromJsonAsync<T>(Json), null);
        var problem = await response.Content.ReadAsStringAsync();
        var code = response.Content.Headers.ContentType?.MediaType == "application/problem+json"
            ? JsonDocument.Parse(problem).RootElement.GetProperty("code").GetString()!
            : "NO_PROBLEM_BODY";
        measurements.Count($"{step}: {(int)response.StatusCode} {code}");
        return new(response.StatusCode, null, code);
    }
}
