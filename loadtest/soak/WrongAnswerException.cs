namespace ConcertDapr.Soak;

/// <summary>The sidecar did not answer as it has to; the message says to what.</summary>
internal sealed class WrongAnswerException(string message) : Exception(message)
{
    /// <summary>Fails unless what came is what was expected.</summary>
    public static void Unless(bool fits, string request, object? came)
    {
        if (!fits) throw new WrongAnswerException($"{request}: {came}");
    }
}
