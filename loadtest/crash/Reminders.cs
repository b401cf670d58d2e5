using System.Collections.Concurrent;
using System.Net.Http.Json;

namespace ConcertDapr.Crash;

/// <summary>Reminders that are registered while everything is being killed, and what became of them.</summary>
internal sealed class Reminders(int httpPort, string ledgerPath, Func<int> kills) : IDisposable
{
    private readonly HttpClient _http = new() { BaseAddress = new Uri($"http://127.0.0.1:{httpPort}"), Timeout = TimeSpan.FromSeconds(5) };
    private readonly ConcurrentBag<string> _faults = [];
    private int _count;

    public int Count => _count;

    public IReadOnlyCollection<string> Faults => _faults;

    /// <summary>Registers a one-shot or a periodic reminder and waits until it has run its course.</summary>
    public async Task RunAsync(int number)
    {
        var (actor, ticks) = ($"clock-{number}", number % 2 == 0 ? 1 : 3);
        var name = ticks == 1 ? "once" : "thrice";
        var before = kills();
        var registrations = await RegisterAsync(actor, name, ticks == 1 ? null : $"R{ticks}/400ms");
        while (await ExistsAsync(actor, name))
            await Task.Delay(200);
        Interlocked.Increment(ref _count);
        var found = Ledger.Ticks(ledgerPath).Count(tick => tick == (actor, name));
        var atMost = registrations * ticks + kills() - before;
        if (found < ticks || found > atMost)
            _faults.Add($"reminder {name} of {actor}: {found} ticks, not {ticks} to {atMost}");
    }

    public void Dispose() => _http.Dispose();

    /// <summary>How often it had to be tried until the reminder was confirmed.</summary>
    private async Task<int> RegisterAsync(string actor, string name, string? period)
    {
        for (var attempt = 1; ; attempt++)
        {
            using var answer = await AnswerAsync(() => _http.PostAsJsonAsync(Path(actor, name), new { dueTime = "300ms", period, data = "eA==" }));
            if (answer?.IsSuccessStatusCode == true)
                return attempt;
            await Task.Delay(50);
        }
    }

    private async Task<bool> ExistsAsync(string actor, string name)
    {
        using var answer = await AnswerAsync(() => _http.GetAsync(new Uri(Path(actor, name), UriKind.Relative)));
        return answer?.StatusCode != System.Net.HttpStatusCode.NotFound;
    }

    private static string Path(string actor, string name) => $"/v1.0/actors/{ClockActor.Type}/{actor}/reminders/{name}";

    private static async Task<HttpResponseMessage?> AnswerAsync(Func<Task<HttpResponseMessage>> call)
    {
        try
        {
            return await call();
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException or System.Net.Sockets.SocketException)
        {
            return null;
        }
    }
}
