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

/// <summary>
/// Reads and checks settings at start, once, so that a missing, malformed or placeholder value stops the process with one
/// line that names it. Every value a service uses passes through here.
/// </summary>
public sealed partial class Settings(IConfiguration configuration)
{
    /// <summary>The settings that environment variables give.</summary>
    public static Settings OfEnvironment() => new(new ConfigurationBuilder().AddEnvironmentVariables().Build());

    /// <summary>A text that must be given.</summary>
    public string Required(string name) =>
        Read(name) ?? throw new SettingException(name, "is missing");

    /// <summary>A text with a default.</summary>
    public string Text(string name, string otherwise) => Read(name) ?? otherwise;

    /// <summary>A text that may be absent.</summary>
    public string? Optional(string name) => Read(name);

    /// <summary>A required secret of at least <paramref name="minimumLength"/> characters.</summary>
    public string Secret(string name, int minimumLength)
    {
        var value = Required(name);
        return value.Length >= minimumLength
            ? value
            : throw new SettingException(name, $"is too short: at least {minimumLength} characters");
    }

    /// <summary>A whole number within bounds.</summary>
    public int Number(string name, int otherwise, int minimum, int maximum)
    {
        if (Read(name) is not { } text) return otherwise;
        if (!int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value))
            throw new SettingException(name, $"is not a whole number: '{text}'");
        return value >= minimum && value <= maximum
            ? value
            : throw new SettingException(name, $"must be between {minimum} and {maximum}, not {value}");
    }

    /// <summary>A duration given in seconds, fractions allowed.</summary>
    public TimeSpan Seconds(string name, double otherwise, double minimum, double maximum)
    {
        if (Read(name) is not { } text) return TimeSpan.FromSeconds(otherwise);
        if (!double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value))
            throw new SettingException(name, $"is not a number of seconds: '{text}'");
        return value >= minimum && value <= maximum
            ? TimeSpan.FromSeconds(value)
            : throw new SettingException(name, FormattableString.Invariant($"must be between {minimum} and {maximum} seconds, not {value}"));
    }

    /// <summary>A share between 0 and 1.</summary>
    public double Share(string name, double otherwise)
    {
        if (Read(name) is not { } text) return otherwise;
        return double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) && value is >= 0 and <= 1
            ? value
            : throw new SettingException(name, $"is not a share between 0 and 1: '{text}'");
    }

    /// <summary><c>true</c> or <c>false</c>.</summary>
    public bool Flag(string name, bool otherwise)
    {
        if (Read(name) is not { } text) return otherwise;
        return bool.TryParse(text, out var value) ? value : throw new SettingException(name, $"is neither true nor false: '{text}'");
    }

    /// <summary>One of an enumeration's names, in any case.</summary>
    public T OneOf<T>(string name, T otherwise) where T : struct, Enum
    {
        if (Read(name) is not { } text) return otherwise;
        return Enum.GetNames<T>().Contains(text, StringComparer.OrdinalIgnoreCase)
            ? Enum.Parse<T>(text, ignoreCase: true)
            : throw new SettingException(name, $"is none of {string.Join(", ", Enum.GetNames<T>())}: '{text}'");
    }

    /// <summary>An absolute http or https address that may be absent.</summary>
    public Uri? Address(string name)
    {
        if (Read(name) is not { } text) return null;
        return Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https"
            ? uri
            : throw new SettingException(name, $"is not an http address: '{text}'");
    }

    private string? Read(string name)
    {
        var value = configuration[name];
        if (string.IsNullOrWhiteSpace(value)) return null;
        return Placeholder().IsMatch(value) ? throw new SettingException(name, $"is still a placeholder: '{value}'") : value;
    }

    [GeneratedRegex(@"^<.*>$|\$\{[^}]*\}|\{\{.*\}\}|^(change[-_ ]?me|replace[-_ ]?me|todo|tbd|xxx+|placeholder|your[-_ ].*)$|CHANGE_?ME|REPLACE_?ME",
        RegexOptions.IgnoreCase)]
    private static partial Regex Placeholder();
}
