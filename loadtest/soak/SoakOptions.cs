using System.Globalization;

namespace ConcertDapr.Soak;

/// <summary>The command line.</summary>
/// <param name="Requests">How many proper requests.</param>
/// <param name="Malformed">How many malformed ones, sent at the same time.</param>
/// <param name="Seed">What each caller does follows from it.</param>
/// <param name="Callers">Proper callers at once; a quarter as many send malformed requests.</param>
/// <param name="Samples">How often the sidecar's memory is looked at.</param>
/// <param name="Growth">How many per cent memory may grow over the second half.</param>
internal sealed record SoakOptions(int Requests, int Malformed, int Seed, int Callers, int Samples, double Growth)
{
    public const string Usage = "Soak [--requests 1000000] [--malformed 100000] [--seed 1] [--callers 32] [--samples 40] [--growth 5]";

    public static SoakOptions Parse(string[] args)
    {
        var options = new SoakOptions(1_000_000, 100_000, 1, 32, 40, 5);
        for (var i = 0; i < args.Length; i++)
        {
            var name = args[i];
            var value = ++i < args.Length ? args[i] : throw new FormatException($"{name} needs a value\n{Usage}");
            options = name switch
            {
                "--requests" => options with { Requests = Integer(value) },
                "--malformed" => options with { Malformed = Integer(value) },
                "--seed" => options with { Seed = Integer(value) },
                "--callers" => options with { Callers = Integer(value) },
                "--samples" => options with { Samples = Integer(value) },
                "--growth" => options with { Growth = double.Parse(value, CultureInfo.InvariantCulture) },
                _ => throw new FormatException($"unknown argument {name}\n{Usage}"),
            };
        }
        return options;
    }

    private static int Integer(string text) => int.Parse(text, CultureInfo.InvariantCulture);
}
