// Numbers for math.hpp: where a float type ends, and polynomials fitted to functions.
//
// Each polynomial is the best one of its degree by the largest relative error of the function that
// it serves (Remez's exchange in 50 digits). They begin with the constant term.

#pragma once

#include "vector.hpp"

namespace FALLLINE_NS {

template <class T>
struct Constants;

template <>
struct Constants<float> {
    static constexpr int mantissa = 23;  // bits after the leading one
    static constexpr std::int32_t bias = 127;
    static constexpr double least_normal = 0x1p-126, to_normal = 0x1p24, normal_shift = 24;
    static constexpr double whole = 0x1.8p23;  // x + whole - whole is x rounded to a whole number

    // exp: below the first it is 0, above the second infinite. log 2 in two parts.
    static constexpr double exp_low = -104, exp_high = 89;
    static constexpr double ln2_high = 0.693359375, ln2_low = -2.1219444005469058e-4;
    // (exp(r) - 1 - r) / r^2 for |r| <= log(2)/2: 2^-28 of exp(r), and 2^-26 of exp(r) - 1.
    static constexpr double exp_rest[] = {0.4999999344802411, 0.16666520631470685,
                                          0.04166838800351872, 0.008368716905445958,
                                          0.0013814600604689033};
    static constexpr double expm1_rest[] = {0.49999998153971115, 0.166665436218005,
                                            0.041667199922469755, 0.00836652052643035,
                                            0.0013882516842680735};
    static constexpr double expm1_low = -20;  // where exp(x) - 1 is -1

    // (log((1 + s)/(1 - s))/s - 2)/s^2 in s^2, for |s| <= 0.1716, and for s <= 1/3.
    static constexpr double log_rest[] = {0.6666666564502947, 0.4000033529550094,
                                          0.28537301429537854, 0.23582294541782958};
    static constexpr double log_rest_wide[] = {0.6666667562205005, 0.39998877731687044,
                                               0.2861688513514684, 0.2142765410141808,
                                               0.2430094901408057};

    // (tanh(x)/x - 1)/x^2 in x^2, for |x| <= 0.56.
    static constexpr double tanh_rest[] = {-0.33333315271214936, 0.13332498871187326,
                                           -0.05384227804512233, 0.02102721839357887,
                                           -0.006207429705426672};

    // log(cosh(x))/x^2 in x^2, for |x| <= 1.
    static constexpr double log_cosh_near[] = {0.49999999974383635,    -0.0833332997638477,
                                               0.022221495998024476,   -0.006739986056009922,
                                               0.002161819286169224,   -0.0006801765229907143,
                                               0.00017675191646686957, -2.5774338073858575e-05};

    // pi/2 in parts of 8, 11, 11 and 24 bits: times whole numbers up to 2^13 they are exact.
    static constexpr double half_pi[] = {1.5703125, 0.0004837512969970703, 7.549533620476723e-08,
                                         2.5633440682570896e-12};
    static constexpr double turn_limit = 12000;  // of |x| in sin and cos
    // (sin(x)/x - 1)/x^2 and (cos(x) - 1 + x^2/2)/x^4 in x^2, for |x| <= pi/4.
    static constexpr double sin_rest[] = {-0.16666654908639775, 0.008332175846527018,
                                          -0.0001951697747268909};
    static constexpr double cos_rest[] = {0.04166664680725469, -0.001388736448842001,
                                          2.44380912593528e-05};

    // erf(x)/x in x^2, for |x| <= 1, and exp(x^2) erfc(x) (1 + 2x) in (x - 2)/(x + 2).
    static constexpr double erf_near[] = {1.1283791670580234,    -0.376126384346525,
                                          0.11283781974098214,   -0.026865400041338795,
                                          0.005220945430447293,  -0.0008482828812360933,
                                          0.00011256947683032269, -9.641515466224246e-06};
    static constexpr double erfc_end = 11;  // erfc is 0 from here on
    static constexpr double erfc_scaled[] = {
        1.2769783818974645,    -0.092763828288399,     -0.16603044057269356,
        0.16405133994689805,   -0.05421910830669488,   -0.008034396103910851,
        0.008715688393086013,  0.0012703193938847581,  -0.0014319597827859704,
        -0.00044001461081586454, 0.00016676033925570484, 0.00011151064322834402,
        1.5608730754180454e-05};
    static constexpr std::int32_t upper_half = ~0xfff;  // of a mantissa: its square is exact
};

template <>
struct Constants<double> {
    static constexpr int mantissa = 52;
    static constexpr std::int64_t bias = 1023;
    static constexpr double least_normal = 0x1p-1022, to_normal = 0x1p54, normal_shift = 54;
    static constexpr double whole = 0x1.8p52;

    static constexpr double exp_low = -746, exp_high = 710;
    static constexpr double ln2_high = 0.6931471806019545, ln2_low = -4.2009150726810846e-11;
    static constexpr double exp_rest[] = {
        0.5000000000000011,    0.16666666666666413,   0.041666666666530155, 0.008333333333494463,
        0.0013888888943630851, 0.00019841269506570939, 2.48014930981182e-05, 2.755758638512543e-06,
        2.763024866065372e-07, 2.500005688945574e-08};
    static constexpr double expm1_rest[] = {
        0.5,                    0.16666666666666677,    0.04166666666666651,  0.008333333333321691,
        0.0013888888888962385,  0.0001984126988596577,  2.4801587172517583e-05,
        2.7557244374249392e-06, 2.7557402654289954e-07, 2.510897888593004e-08,
        2.0875328209988176e-09};
    static constexpr double expm1_low = -40;

    static constexpr double log_rest[] = {
        0.6666666666666734,  0.39999999999414326, 0.28571428742473953, 0.2222219856356953,
        0.18183564862613805, 0.153140359340313,   0.14796104490893403};
    static constexpr double log_rest_wide[] = {
        0.6666666666666631,  0.40000000000157243, 0.2857142854785434,  0.22222223969691499,
        0.18181743926547456, 0.15386559885956672, 0.1330097409014081,  0.12106082213144732,
        0.08340119186855827, 0.1701854275951247};

    static constexpr double tanh_rest[] = {
        -0.3333333333333333,   0.1333333333333296,    -0.053968253967969164,
        0.021869488525221067,  -0.008863235283546569, 0.003592124495027928,
        -0.0014558003247497975, 0.000589802742663674, -0.00023810481365142005,
        9.371813307778615e-05, -3.264083202403415e-05, 7.263702868442902e-06};

    static constexpr double log_cosh_near[] = {
        0.5,                    -0.08333333333333315,   0.022222222222205792,
        -0.006746031745470828,  0.0021869488435377936,  -0.0007386028510230194,
        0.00025657978577398304, -9.098571926244637e-05, 3.2765218965006434e-05,
        -1.1919356349294811e-05, 4.33241092033542e-06,  -1.529270781053865e-06,
        4.932686426584489e-07,  -1.3108589217777794e-07, 2.4387359198671122e-08,
        -2.29226561584919e-09};

    // pi/2 in three parts of 33 bits and the rest: exact times whole numbers up to 2^20.
    static constexpr double half_pi[] = {1.5707963267341256, 6.077100506303966e-11,
                                         2.0222662487111665e-21, 8.4784276603689e-32};
    static constexpr double turn_limit = 1.5e6;
    static constexpr double sin_rest[] = {-0.16666666666666632,  0.00833333333332237,
                                          -0.00019841269829771175, 2.7557313678664263e-06,
                                          -2.5050755960598743e-08, 1.5896666434440025e-10};
    static constexpr double cos_rest[] = {0.0416666666666666,     -0.0013888888888874064,
                                          2.4801587289443438e-05, -2.7557314340642996e-07,
                                          2.087572162110957e-09,  -1.1359559180985928e-11};

    static constexpr double erf_near[] = {
        1.1283791670955126,      -0.37612638903183754,   0.11283791670955119,
        -0.026866170645129733,   0.005223977625422086,   -0.0008548327021853193,
        0.00012055332899357661,  -1.4925647465110797e-05, 1.64620434076764e-06,
        -1.6364614420224164e-07, 1.479214574490333e-08,  -1.2163041896475829e-09,
        8.703789867493362e-11,   -4.22289638144057e-12};
    static constexpr double erfc_end = 28;
    static constexpr double erfc_scaled[] = {
        1.2769783815525286,      -0.09276382658574561,   -0.16603039761529165,
        0.16405128003339384,     -0.05422000099188997,   -0.008034015080653573,
        0.008722653871925034,    0.0012713389358115952,  -0.0014568138955199244,
        -0.00045434054321040804, 0.0002063667871377589,  0.0001510374608037894,
        -1.5075754784187354e-06, -3.641652630733812e-05, -1.3501013687777882e-05,
        3.691901265846159e-06,   5.243425434731546e-06,  1.540866859296431e-06,
        -7.265158775278303e-07,  -8.864310746752937e-07, -2.3175831663398803e-07,
        1.8821207511338875e-07,  1.4509949661871534e-07, -4.660061207195863e-09,
        -2.937662087688355e-08,  -4.037668902513542e-09, 1.5516476974661969e-09};
    static constexpr std::int64_t upper_half = ~0x7ffffffll;
};

}  // namespace FALLLINE_NS
