using System.Net;
using System.Net.Http.Json;
using ConcertDapr.Contracts;
using ConcertDapr.ServiceDefaults;
using Dapr.Client;

namespace ConcertDapr.Payment;

/// <summary>Calls to reservation and users over Dapr invocation, each with its own time-out.</summary>
internal sealed class Neighbours(DaprClient dapr, PaymentPolicy policy) : IDisposable
{
    private readonly HttpClient _reservation = dapr.CreateInvokableHttpClient(Apps.Reservation);
    private readonly HttpClient _users = dapr.CreateInvokableHttpClient(Apps.Users);

    /// <summary>A reservation as it stands, or null.</summary>
    public async Task<ReservationCheck?> CheckAsync(ReservationId id)
    {
        using var timeout = new CancellationTokenSource(policy.CallFor);
        using var response = await _reservation.GetAsync(new Uri($"/check?reservationId={id}", UriKind.Relative), timeout.Token);
        if (response.StatusCode == HttpStatusCode.NotFound) return null;
        response.EnsureSuccessStatusCode();
        return await response.Content.ReadFromJsonAsync<ReservationCheck>(ConcertJson.Options, timeout.Token);
    }

    public Task<StepResult> ConfirmAsync(ConfirmRequest request) => PostAsync(_reservation, "/confirm", request);

    public Task<StepResult> ReleaseAsync(ReleaseRequest request) => PostAsync(_reservation, "/release", request);

    public Task<StepResult> UsePointsAsync(UsePointsRequest request) => PostAsync(_users, "/points/use", request);

    public Task<StepResult> RefundPointsAsync(RefundPointsRequest request) => PostAsync(_users, "/points/refund", request);

    public void Dispose()
    {
        _reservation.Dispose();
        _users.Dispose();
    }

    private async Task<StepResult> PostAsync<T>(HttpClient app, string path, T request)
    {
        using var timeout = new CancellationTokenSource(policy.CallFor);
        using var response = await app.PostAsJsonAsync(new Uri(path, UriKind.Relative), request, ConcertJson.Options, timeout.Token);
        response.EnsureSuccessStatusCode();
        return (await response.Content.ReadFromJsonAsync<StepResult>(ConcertJson.Options, timeout.Token))!;
    }
}
