using System.Globalization;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Configuration;

namespace ConcertDapr.ServiceDefaults;

/// <summary>A setting that stops the process at its start. The message is the one line an operator sees.</summary>
public sealed class SettingException(string name, string problem)
    : Exception($"setting {name} {problem} (environment variable {name.Replace(":", "__", StringComparison.Ordinal)})")
{
    /// <summary>The setting's name, with colons.</summary>
    public string Setting { get; } = name;
}

/// <summary>A setting as a service knows it.</summary>
/// <param name="Name">With colons; an environment variable has two underscores instead of each.</param>
/// <param name="Default">What holds where it is absent: <c>required</c>, <c>none</c>, or the value.</param>
/// <param name="Bounds">What is accepted, empty where any text is.</param>
/// <param name="IsSecret">Whether it must not be seen.</param>
public sealed record Setting(string Name, string Default, string Bounds, bool IsSecret = false);

/// <summary>
/// Reads and checks settings at start, once, so that a missing, malformed or placeholder value stops the process with one
/// line that names it. Every value a service uses passes through here.
/// </summary>
public sealed partial class Settings(IConfiguration configuration)
{
    private readonly SortedDictionary<string, Setting> _known = new(StringComparer.Ordinal);

    /// <summary>The settings that environment variables give.</summary>
    public static Settings OfEnvironment() => new(new ConfigurationBuilder().AddEnvironmentVariables().Build());

    /// <summary>Every setting that was asked for so far, by name.</summary>
    public IReadOnlyCollection<Setting> Known => _known.Values;

    /// <summary>A text that must be given.</summary>
    public string Required(string name, bool isSecret = false) =>
        Read(new(name, "required", "", isSecret)) ?? throw new SettingException(name, "is missing");

    /// <summary>A text with a default.</summary>
    public string Text(string name, string otherwise) => Read(new(name, otherwise.Length == 0 ? "none" : otherwise, "")) ?? otherwise;

    /// <summary>A text that may be absent.</summary>
    public string? Optional(string name, bool isSecret = false) => Read(new(name, "none", "", isSecret));

    /// <summary>A required secret of at least <paramref name="minimumLength"/> characters.</summary>
    public string Secret(string name, int minimumLength)
    {
        var value = Read(new(name, "required", $"≥ {minimumLength} characters", IsSecret: true)) ?? throw new SettingException(name, "is missing");
        return value.Length >= minimumLength
            ? value
            : throw new SettingException(name, $"is too short: at least {minimumLength} characters");
    }

    /// <summary>A whole number within bounds.</summary>
    public int Number(string name, int otherwise, int minimum, int maximum) =>
        Read(new(name, Shown(otherwise), Shown(minimum, maximum))) is { } text ? Whole(name, text, minimum, maximum) : otherwise;

    /// <summary>A whole number within bounds that may be absent.</summary>
    public int? OptionalNumber(string name, int minimum, int maximum) =>
        Read(new(name, "none", Shown(minimum, maximum))) is { } text ? Whole(name, text, minimum, maximum) : null;

    /// <summary>A duration given in seconds, fractions allowed.</summary>
    public TimeSpan Seconds(string name, double otherwise, double minimum, double maximum)
    {
        if (Read(new(name, Shown(otherwise), Shown(minimum, maximum))) is not { } text) return TimeSpan.FromSeconds(otherwise);
        if (!double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value))
            throw new SettingException(name, $"is not a number of seconds: '{text}'");
        return value >= minimum && value <= maximum
            ? TimeSpan.FromSeconds(value)
            : throw new SettingException(name, FormattableString.Invariant($"must be between {minimum} and {maximum} seconds, not {value}"));
    }

    /// <summary>A share between 0 and 1.</summary>
    public double Share(string name, double otherwise)
    {
        if (Read(new(name, Shown(otherwise), Shown(0, 1))) is not { } text) return otherwise;
        return double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) && value is >= 0 and <= 1
            ? value
            : throw new SettingException(name, $"is not a share between 0 and 1: '{text}'");
    }

    /// <summary><c>true</c> or <c>false</c>.</summary>
    public bool Flag(string name, bool otherwise)
    {
        if (Read(new(name, otherwise ? "true" : "false", "true, false")) is not { } text) return otherwise;
        return bool.TryParse(text, out var value) ? value : throw new SettingException(name, $"is neither true nor false: '{text}'");
    }

    /// <summary>One of an enumeration's names, in any case.</summary>
    public T OneOf<T>(string name, T otherwise) where T : struct, Enum
    {
        var names = string.Join(", ", Enum.GetNames<T>());
        if (Read(new(name, otherwise.ToString(), names)) is not { } text) return otherwise;
        return Enum.GetNames<T>().Contains(text, StringComparer.OrdinalIgnoreCase)
            ? Enum.Parse<T>(text, ignoreCase: true)
            : throw new SettingException(name, $"is none of {names}: '{text}'");
    }

    /// <summary>An absolute http or https address that may be absent.</summary>
    public Uri? Address(string name)
    {
        if (Read(new(name, "none", "http address")) is not { } text) return null;
        return Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https"
            ? uri
            : throw new SettingException(name, $"is not an http address: '{text}'");
    }

    private static int Whole(string name, string text, int minimum, int maximum)
    {
        if (!int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value))
            throw new SettingException(name, $"is not a whole number: '{text}'");
        return value >= minimum && value <= maximum
            ? value
            : throw new SettingException(name, $"must be between {minimum} and {maximum}, not {value}");
    }

    // Up to the highest port as it is typed, above with separators.
    private static string Shown(double number) => number.ToString(number > ushort.MaxValue ? "#,0" : "0.###", CultureInfo.InvariantCulture);

    private static string Shown(double minimum, double maximum) => $"{Shown(minimum)} to {Shown(maximum)}";

    private string? Read(Setting setting)
    {
        _known[setting.Name] = setting;
        var value = configuration[setting.Name];
        if (string.IsNullOrWhiteSpace(value)) return null;
        return Placeholder().IsMatch(value) ? throw new SettingException(setting.Name, $"is still a placeholder: '{value}'") : value;
    }

    [GeneratedRegex(@"^<.*>$|\$\{[^}]*\}|\{\{.*\}\}|^(change[-_ ]?me|replace[-_ ]?me|todo|tbd|xxx+|placeholder|your[-_ ].*)$|CHANGE_?ME|REPLACE_?ME",
        RegexOptions.IgnoreCase)]
    private static partial Regex Placeholder();
}
