namespace ConcertDapr.Soak;

/// <summary>A kind of malformed request.</summary>
internal interface IAttack
{
    /// <summary>Sends one.</summary>
    /// <exception cref="WrongAnswerException">It was not answered as it has to be.</exception>
    Task SendAsync(Random random);
}
