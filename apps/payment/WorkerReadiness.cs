using System.Net.Http.Json;
using System.Text.Json;
using ConcertDapr.ServiceDefaults;
using Dapr;

namespace ConcertDapr.Payment;

/// <summary>Ready once the sidecar sees this app's workflow worker: before, starting a saga would only wait.</summary>
internal sealed class WorkerReadiness : IReadiness, IDisposable
{
    private readonly HttpClient _sidecar;

    public WorkerReadiness(IConfiguration configuration)
    {
        _sidecar = new HttpClient { BaseAddress = new Uri(DaprDefaults.GetDefaultHttpEndpoint(configuration)), Timeout = TimeSpan.FromSeconds(2) };
        _sidecar.DefaultRequestHeaders.Add("dapr-api-token", DaprDefaults.GetDefaultDaprApiToken(configuration));
    }

    /// <inheritdoc/>
    public async ValueTask<string?> WhyNotAsync()
    {
        try
        {
            var metadata = await _sidecar.GetFromJsonAsync<JsonElement>("v1.0/metadata");
            return metadata.TryGetProperty("workflows", out var workflows) && workflows.TryGetProperty("connectedWorkers", out var workers)
                && workers.GetInt32() > 0
                ? null
                : "the workflow worker is not connected yet";
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException)
        {
            return $"the sidecar does not answer: {e.Message}";
        }
    }

    public void Dispose() => _sidecar.Dispose();
}
