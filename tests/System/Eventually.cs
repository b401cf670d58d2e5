namespace ConcertDapr.Tests;

/// <summary>Waits for conditions of a system that runs by itself.</summary>
public static class Eventually
{
    /// <summary>Asks until the answer satisfies, and returns it; fails with the last answer when that takes too long.</summary>
    public static async Task<T> UntilAsync<T>(Func<Task<T>> ask, Func<T, bool> satisfies, int seconds = 30)
    {
        var until = DateTime.UtcNow.AddSeconds(seconds);
        while (true)
        {
            var answer = await ask();
            if (satisfies(answer)) return answer;
            if (DateTime.UtcNow > until) throw new TimeoutException($"After {seconds} s it is still {answer}");
            await Task.Delay(50);
        }
    }
}
