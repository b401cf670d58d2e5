namespace ConcertDapr.ServiceDefaults;

/// <summary>
/// The argument <c>probe</c>: asks the service of the same container whether it is ready (<c>probe /livez</c>: whether it is alive),
/// for images that have no shell to do it with.
/// </summary>
internal static class Probe
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(3);

    /// <summary>0 where the answer was a success; else 1, after one line on standard error.</summary>
    public static async Task<int> RunAsync(string name, string path, Settings settings)
    {
        settings.Required("APP_PORT");
        var port = settings.Number("APP_PORT", 0, 1, 65535);
        using var http = new HttpClient { Timeout = s_patience };
        try
        {
            using var response = await http.GetAsync(new Uri($"http://127.0.0.1:{port}{path}"));
            if (response.IsSuccessStatusCode) return 0;
            await Console.Error.WriteLineAsync($"{name}: {path} answers {(int)response.StatusCode}: {await response.Content.ReadAsStringAsync()}");
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException)
        {
            await Console.Error.WriteLineAsync($"{name}: {path} is not answered: {e.Message}");
        }
        return 1;
    }
}
