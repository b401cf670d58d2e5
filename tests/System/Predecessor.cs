using System.Net.Http.Json;
using System.Text.Json;

namespace ConcertDapr.Tests;

/// <summary>An answer in a predecessor's envelope.</summary>
public sealed record Enveloped(int Status, JsonElement Body)
{
    public bool Success => Body.GetProperty("success").GetBoolean();

    public JsonElement Data => Body.GetProperty("data");

    /// <summary>The sentence, under either family's name.</summary>
    public string Message => (Body.TryGetProperty("msg", out var msg) ? msg : Body.GetProperty("message")).GetString()!;

    public string Text(string member) => Data.GetProperty(member).GetString()!;

    public long Number(string member) => Data.GetProperty(member).GetInt64();
}

/// <summary>A client of an earlier system: it knows nothing of ours.</summary>
public sealed class Predecessor(HttpClient http)
{
    public Task<Enveloped> GetAsync(string path, string? token = null) => SendAsync("GET", path, null, token);

    public Task<Enveloped> PostAsync(string path, object body, string? token = null) => SendAsync("POST", path, JsonSerializer.Serialize(body), token);

    /// <summary>Sends a request; the token as both families send it.</summary>
    public async Task<Enveloped> SendAsync(string method, string path, string? body = null, string? token = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Parse(method), path);
        if (body is not null) request.Content = Client.JsonText(body);
        if (token is not null)
        {
            request.Headers.Add("QUEUE-TOKEN", token);
            request.Headers.Add("Authorization", $"Bearer {token}");
        }
        using var response = await http.SendAsync(request);
        return new((int)response.StatusCode, await response.Content.ReadFromJsonAsync<JsonElement>());
    }

    /// <summary>A token, and waiting until it is active.</summary>
    public async Task<string> EnterAsync(long user)
    {
        var issued = await PostAsync("/tokens/issue", new { userId = user });
        var token = issued.Text("token");
        await Eventually.UntilAsync(() => GetAsync($"/tokens/status?tokenId={token}"), s => s.Body.GetProperty("status").GetString() == "ACTIVE");
        return token;
    }

    /// <summary>Makes room for the next test: these clients have no way to leave, ours have.</summary>
    public Task LeaveAsync(IEnumerable<(long User, string Token)> places) => Task.WhenAll(places.Select(p =>
        new Client(http, $"test-user-{p.User}") { QueueToken = p.Token }.DeleteAsync("/api/v1/queues/tokens")));

    /// <summary>Holds any free seat of a concert's first date.</summary>
    public async Task<(long Seat, long Price, string Date, Enveloped Reserved)> HoldAnyAsync(long user, string token, int concert = 101)
    {
        var date = (await GetAsync($"/concerts/{concert}/dates/available")).Data[0].GetString()!;
        while (true)
        {
            var free = (await GetAsync($"/concerts/{concert}/seats/available?scheduleDate={date}", token)).Data;
            var seat = free[Random.Shared.Next(free.GetArrayLength())];
            var (id, price) = (seat.GetProperty("id").GetInt64(), seat.GetProperty("price").GetInt64());
            var reserved = await PostAsync($"/reservations/{concert}/reserve-seats", new { userId = user, date, seatId = id, seatNo = seat.GetProperty("seatNumber").GetInt32() }, token);
            if (reserved.Success || !reserved.Message.StartsWith("SEAT_TAKEN", StringComparison.Ordinal)) return (id, price, date, reserved);
        }
    }
}
